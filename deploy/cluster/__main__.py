"""`make cluster`: start the site, say where it is and how to sign in, start again what dies, end on Ctrl+C."""

import os
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

from deploy.cluster.cluster import Cluster, Layout
from deploy.cluster.process import ProcessDiedError
from deploy.cluster.watching import Watch

LINK = re.compile(r"^\s*(http\S+/accounts/first/\S+)\s*$", re.MULTILINE)
OURS = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "SECRET_KEY", "CHATSITE_DATA_DIR", "PORT")
LOOK_SECONDS = 0.5


def main() -> int:
    """Run until told to end; 1 when a process did not start."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="chatsite-cluster-") as folder:
        kept = {name: value for name, value in os.environ.items() if name not in OURS}
        # Browsers make passkeys for a name only.
        cluster = Cluster(Path(folder), {**kept, "CHATSITE_DATA_DIR": folder}, Layout(host="localhost"))
        try:
            _say("Starting PostgreSQL, Redis, nginx, 2 web processes, 3 workers and beat")
            for process in cluster.starting():
                _say(f"  {process.name:<12} process {process.pid:<8} prints to {process.output_path}")
            _welcome(cluster)
            watch = Watch(cluster.processes, _say)
            while True:
                time.sleep(LOOK_SECONDS)
                watch.look()
        except ProcessDiedError as error:
            _say(f"The cluster did not start: {error}")
            return 1
        except KeyboardInterrupt:
            _say("Ending: answers in progress go on for some seconds")
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            cluster.end()
    _say("Ended.")
    return 0


def _welcome(cluster: Cluster) -> None:
    if found := LINK.search(cluster.webs[0].output):
        _say(f"Sign in as the administrator with this link; it works once:\n  {found[1]}")
    _say(f"Serving on {cluster.url} (Ctrl+C ends it)")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
