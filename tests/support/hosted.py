"""A hosted site with people in it, as the tests use it. Its processes are those of deploy/cluster."""

import contextlib
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg
from celery import Celery

from deploy.cluster.cluster import Cluster, Layout
from deploy.cluster.nginx import answers
from deploy.cluster.process import Process, manage
from deploy.cluster.product import Worker
from tests.support.log_reader import LogReader
from tests.support.server import MAKE_PEOPLE, clean_environment
from tests.support.signing_in import sign_in
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import until

ONE_OF_EACH = Layout(webs=1, streams=1, work=0, beat=False, nginx=False)
NONE = Layout(webs=0, streams=0, work=0, beat=False, nginx=False)


class Site(Cluster):
    """A cluster with alice (administrator) and bob, and a reader of its log."""

    def start_stores(self) -> None:
        super().start_stores()
        manage("shell", "--verbosity", "0", "-c", MAKE_PEOPLE, environment=self.environment)

    @property
    def log(self) -> LogReader:
        return LogReader(partial(_snapshot, self.postgresql.url), "%s")

    @property
    def port(self) -> int:
        """Of the address people use."""
        return self.nginx.port if self.nginx is not None else self.webs[0].port

    def sign_in(self, username: str = "alice", *, url: str = "") -> dict[str, str]:
        """The cookies of a person who signed in through the log-in page."""
        return sign_in(url or self.url, username)

    def query(self, sql: str, *values: object) -> list[tuple]:
        """What the database answers to a statement of the test's own, which is committed."""
        with closing(psycopg.connect(self.postgresql.url, autocommit=True)) as connection:
            cursor = connection.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def runs_on(self, worker: Process) -> set[str]:
        """The runs that the engine in a worker's process holds, whether it lives or not."""
        sql = "SELECT r.id FROM streaming_run r JOIN streaming_engine e ON e.id = r.engine_id WHERE e.label LIKE %s"
        return {row[0] for row in self.query(f"{sql} AND r.state IN ('running', 'waiting')", f"%:{worker.pid}")}

    def busiest(self) -> Worker:
        """The worker of streams that holds most runs."""
        return max(self.streams, key=lambda worker: len(self.runs_on(worker)))

    def control(self, command: str, *arguments: object) -> None:
        """Have Celery tell every worker of streams; returns when all have said yes."""
        names = [f"{worker.name}@localhost" for worker in self.streams]
        with Celery(broker=self.redis.url, set_as_current=False) as app, app.connection_for_write() as connection:
            tell = getattr(app.control, command)
            answers = tell(
                *arguments, destination=names, reply=True, limit=len(names), timeout=45, connection=connection
            )
        assert len(answers) == len(names), answers

    def mend(self) -> None:
        """Start what does not live."""
        for process in self.processes:
            process.resume()
            if not process.is_alive:
                process.start()
        until(lambda: all(answers(f"{web.url}/readyz") for web in self.webs), "every web process has its database")

    def add_worker(self) -> Worker:
        """One more worker of streams; returns when it serves."""
        worker = self.worker(f"streams-{len(self.streams) + 1}")
        self.streams.append(worker)
        return worker.start()


@contextlib.contextmanager
def running_site(folder: Path, environment: dict[str, str], layout: Layout = ONE_OF_EACH) -> Iterator[Site]:
    """A whole site, killed at the end."""
    with _made(folder, environment, layout) as site:
        yield site.start()


@contextlib.contextmanager
def running_stores(folder: Path, environment: dict[str, str]) -> Iterator[Site]:
    """Database and Redis; workers are the test's to add."""
    with _made(folder, environment, NONE) as site:
        site.start_stores()
        yield site


@contextlib.contextmanager
def _made(folder: Path, environment: dict[str, str], layout: Layout) -> Iterator[Site]:
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(folder, clean_environment(folder, environment), layout)
    try:
        yield site
    finally:
        site.kill()


@contextlib.contextmanager
def through_proxy(process: Process, variable: str, port: int) -> Iterator[TcpProxy]:
    """Meanwhile `process` reaches what listens on `port`, and `variable` names, through a proxy that may break."""
    proxy, before = TcpProxy(port), process.environment[variable]
    process.kill()
    process.environment[variable] = before.replace(f":{port}/", f":{proxy.port}/")
    process.start()
    try:
        yield proxy
    finally:
        process.kill()
        process.environment[variable] = before
        proxy.close()


def _snapshot(url: str) -> psycopg.Connection:
    connection = psycopg.connect(url)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection
