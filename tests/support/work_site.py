"""A hosted site whose only workers are those of the queue `work`, and tasks on it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.support.hosted import Site, running_workers
from tests.support.server import ROOT, clean_environment, manage
from tests.support.waiting import until

COMMAND = ["-m", "celery", "-A", "chatsite.celery", "worker", "--without-mingle", "--without-gossip"]
TERMINAL = {"complete", "cancelled", "error", "interrupted"}


@dataclass(frozen=True)
class Task:
    state: str
    attempt: int
    engine: str
    text: str
    ends: list[str]


class Worker:
    """A Celery worker; `children` are its processes with an engine each."""

    def __init__(self, site: "WorkSite", name: str, *arguments: str, **environment: str) -> None:
        self.output_path = site.folder / f"worker-{name}.log"
        command = [sys.executable, *COMMAND, *arguments, "-n", f"{name}@localhost"]
        with self.output_path.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=clean_environment(site.folder, {**site.environment, **environment}),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.output_path.read_text(errors="replace")

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


class WorkSite:
    """Tasks are asked for by the product's own command and read from the database."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.folder = site.folder
        self.redis = site.redis
        self.environment = {**site.environment, "CHATSITE_AGENT_MODULES": "tests.support.work_agents"}
        self.workers: list[Worker] = []

    def worker(self, *arguments: str, engines: int, **environment: str) -> Worker:
        """Start a worker; returns when so many further engines have their leases."""
        before = self.engines()
        worker = Worker(self, f"w{len(self.workers)}", *arguments, **environment)
        self.workers.append(worker)
        until(lambda: len(self.engines() - before) >= engines, f"{engines} engines are there", seconds=40)
        return worker

    def work_worker(self, children: int = 2, **environment: str) -> Worker:
        return self.worker("-Q", "work", "-P", "prefork", "-c", str(children), engines=children, **environment)

    def start(self, agent: str, *arguments: str) -> str:
        """Start a task of alice's; the run's id."""
        printed = manage(
            self.folder, "task", "--detach", "--person", "alice", agent, *arguments, environment=self.environment
        )
        return printed.split()[-1]

    def stop(self, run: str) -> None:
        code = (
            "from streaming.models import Run; from streaming.runs import stop_run; "
            f"run = Run.objects.get(pk={run!r}); stop_run(run, by=run.owner)"
        )
        manage(self.folder, "shell", "--verbosity", "0", "-c", code, environment=self.environment)

    def engines(self) -> set[str]:
        """Those whose leases hold, as host:process."""
        alive = "expires_at > extract(epoch from clock_timestamp())"
        return {row[0] for row in self._rows(f"SELECT label FROM streaming_engine WHERE {alive}")}

    def task(self, run: str) -> Task:
        [(state, attempt, label, stream)] = self._rows(
            "SELECT r.state, r.attempt, e.label, r.stream_id FROM streaming_run r"
            " LEFT JOIN streaming_engine e ON e.id = r.engine_id WHERE r.id = %s",
            run,
        )
        events = self._site.log.stream_events(stream)
        said = [event for event in events if event.attempt == attempt]
        text = "".join(event.data.get("delta", "") for event in said if event.type == "chunk")
        return Task(state, attempt, label or "", text, [event.type for event in events if event.type in TERMINAL])

    def spoken(self, run: str) -> Task:
        return until(lambda: (task := self.task(run)).text and task, "the task speaks", seconds=20)

    def ended(self, run: str, *, seconds: float = 30) -> Task:
        return until(lambda: (task := self.task(run)).state in TERMINAL and task, "the task ends", seconds=seconds)

    def child_of(self, run: str) -> int:
        """The process that executes the run."""
        return int(until(lambda: self.task(run).engine, "the task is claimed").rpartition(":")[2])

    def given_up(self) -> int:
        """How many engines have ended their leases themselves."""
        [(count,)] = self._rows("SELECT count(*) FROM streaming_engine WHERE expires_at = 0")
        return count

    def sessions(self) -> list[str]:
        return [row[0] for row in self._rows("SELECT session_key FROM django_session")]

    def _rows(self, sql: str, *values: object) -> list[tuple]:
        with closing(psycopg.connect(self._site.postgresql.url)) as connection:
            return connection.execute(sql, values).fetchall()

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()


@contextmanager
def running_work_site(folder: Path) -> Iterator[WorkSite]:
    with running_workers(folder, {}) as site:
        work = WorkSite(site)
        try:
            yield work
        finally:
            work.close()
