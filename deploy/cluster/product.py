"""The product's own processes: web, workers, beat, as they are started when hosted. Knows commands and addresses."""

import sys
from collections.abc import Mapping
from pathlib import Path

from celery import Celery
from kombu.exceptions import OperationalError

from deploy.cluster.nginx import answers
from deploy.cluster.process import Process, free_port

CELERY = [sys.executable, "-m", "celery", "-A", "chatsite.celery"]
# Nobody here asks the other workers anything.
ALONE = ["--without-mingle", "--without-gossip"]


class Web(Process):
    """`manage.py serve --web` on a port that it keeps."""

    def __init__(self, name: str, *, folder: Path, environment: Mapping[str, str]) -> None:
        self.port = free_port()
        command = [sys.executable, "manage.py", "serve", "--web", "--port", str(self.port)]
        super().__init__(name, command, folder=folder, environment=environment, ready=self._answers)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _answers(self) -> bool:
        return answers(f"{self.url}/accounts/login/")


class Worker(Process):
    """A Celery worker: of the queue `streams` with an engine in it, or of the queue `work` with child processes."""

    def __init__(self, name: str, *, queue: str, folder: Path, environment: Mapping[str, str]) -> None:
        pool = ["-P", "prefork", "-c", "2"] if queue == "work" else ["-P", "threads", "-c", "4"]
        command = [*CELERY, "worker", "-Q", queue, *pool, "-n", f"{name}@localhost", *ALONE]
        super().__init__(name, command, folder=folder, environment=environment, ready=self._answers)

    def _answers(self) -> bool:
        broker = self.environment.get("CELERY_BROKER_URL") or self.environment["REDIS_URL"]
        app = Celery(broker=broker, set_as_current=False)
        # A connection of its own: Celery's pool would go on with one to a Redis that has been started anew.
        # Nothing is tried again here: whoever waits asks again.
        with app, app.connection_for_write(transport_options={"max_retries": 0}) as connection:
            try:
                who = [f"{self.name}@localhost"]
                return bool(app.control.ping(destination=who, timeout=1, limit=1, connection=connection))
            except (OperationalError, *connection.connection_errors):
                return False


class Beat(Process):
    """`celery beat`, whose schedule is forgotten with the folder."""

    def __init__(self, *, folder: Path, environment: Mapping[str, str]) -> None:
        self._schedule = folder / "beat-schedule"
        command = [*CELERY, "beat", "-s", str(self._schedule), "--pidfile", str(folder / "beat.pid")]
        super().__init__("beat", command, folder=folder, environment=environment, ready=self._is_scheduling)

    def _is_scheduling(self) -> bool:
        return self.is_alive and any(self._schedule.parent.glob(f"{self._schedule.name}*"))
