"""End a process whose interpreter hangs. Knows no engine."""

import faulthandler
import threading
import time

# Code that holds the interpreter's lock, a hopeless regular expression, say, stops the heartbeat too: after a lease
# (5 s) others have taken the run over, and this process is of no use any more.
HANGS_SECONDS = 10
AGAIN_SECONDS = 1.0


def watch_interpreter() -> None:
    """From now on, no Python code running for 10 s ends this process with the stacks of its threads in the log."""
    threading.Thread(target=_postpone, name="watchdog", daemon=True).start()


def _postpone() -> None:
    while True:
        faulthandler.dump_traceback_later(HANGS_SECONDS, exit=True)
        time.sleep(AGAIN_SECONDS)
