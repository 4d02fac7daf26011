"""The hosted wiring as processes: PostgreSQL, Redis, one web process and Celery workers, all on this machine."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg

from tests.support.log_reader import LogReader
from tests.support.postgresql_process import PostgresqlProcess
from tests.support.redis_process import RedisProcess
from tests.support.server import MAKE_PEOPLE, ROOT, ChatServer, ServerDiedError, clean_environment, manage
from tests.support.waiting import until

WORKER = ["-m", "celery", "-A", "chatsite.celery", "worker", "-Q", "streams", "-P", "threads", "-c", "4"]


class Worker:
    """One Celery worker of the streams queue, with the engine in it."""

    def __init__(self, folder: Path, environment: dict[str, str], name: str) -> None:
        self.output_path = folder / f"worker-{name}.log"
        command = [sys.executable, *WORKER, "-n", f"{name}@localhost", "--without-mingle", "--without-gossip"]
        with self.output_path.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=clean_environment(folder, environment),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.output_path.read_text(errors="replace")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait(10)

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)


class Site:
    """Everything together. `worker` may be killed and started again."""

    def __init__(self, folder: Path, environment: dict[str, str], postgresql: PostgresqlProcess, redis: RedisProcess):
        self.folder = folder
        self.postgresql = postgresql
        self.redis = redis
        self.environment = {
            **environment,
            "DATABASE_URL": postgresql.url,
            "REDIS_URL": redis.url,
            "SECRET_KEY": "only-for-tests-" * 3,
        }
        self.workers: list[Worker] = []
        manage(folder, "migrate", "--verbosity", "0", environment=self.environment)
        manage(folder, "shell", "--verbosity", "0", "-c", MAKE_PEOPLE, environment=self.environment)
        self.web = ChatServer(folder, environment=self.environment, arguments=["--web"])

    @property
    def log(self) -> LogReader:
        return LogReader(partial(_snapshot, self.postgresql.url), "%s")

    def start(self) -> "Site":
        self.add_worker()
        self.web.start()
        return self

    def add_worker(self) -> Worker:
        """Start a worker; returns when the engine in it has taken its lease."""
        before = self._engines()
        worker = Worker(self.folder, self.environment, f"w{len(self.workers) + 1}")
        self.workers.append(worker)

        def ready() -> bool:
            if worker.process.poll() is not None:
                raise ServerDiedError(f"the worker ended:\n{worker.output[-4000:]}")
            return bool(self._engines() - before)

        until(ready, "the worker's engine is ready", seconds=40)
        return worker

    def _engines(self) -> set[str]:
        with closing(_snapshot(self.postgresql.url)) as connection:
            return {row[0] for row in connection.execute("SELECT id FROM streaming_engine")}

    def stop(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()
        self.web.stop()


@contextlib.contextmanager
def running_site(folder: Path, environment: dict[str, str]) -> Iterator[Site]:
    """A whole site with one worker."""
    with running_workers(folder, environment) as site:
        yield site.start()


@contextlib.contextmanager
def running_workers(folder: Path, environment: dict[str, str]) -> Iterator[Site]:
    """Database and Redis; workers and web are the test's to start, and are ended here."""
    folder.mkdir(parents=True, exist_ok=True)
    redis = RedisProcess()
    with PostgresqlProcess() as postgresql:
        redis.start()
        try:
            site = Site(folder, environment, postgresql, redis)
            try:
                yield site
            finally:
                site.stop()
        finally:
            redis.kill()


def _snapshot(url: str) -> psycopg.Connection:
    connection = psycopg.connect(url)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection
