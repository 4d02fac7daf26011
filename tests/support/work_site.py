"""A hosted site whose only workers are those of the queue `work`, and tasks on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.cluster.process import Process
from deploy.cluster.product import ALONE, CELERY
from tests.support.hosted import Site, running_stores
from tests.support.server import manage
from tests.support.waiting import PATIENCE_SECONDS, until

TERMINAL = {"complete", "cancelled", "error", "interrupted"}


@dataclass(frozen=True)
class Task:
    state: str
    attempt: int
    engine: str
    text: str
    ends: list[str]


class WorkSite:
    """Tasks are asked for by the product's own command and read from the database."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.query = site.query
        self.folder = site.folder
        self.redis = site.redis
        self.environment = {**site.environment, "CHATSITE_AGENT_MODULES": "tests.support.work_agents"}
        self.workers: list[Process] = []

    def worker(self, *arguments: str, engines: int, **environment: str) -> Process:
        """Start a worker; returns when so many further engines have their leases, with or without a broker."""
        before, name = self.engines(), f"w{len(self.workers)}"
        worker = Process(
            name,
            [*CELERY, "worker", *arguments, "-n", f"{name}@localhost", *ALONE],
            folder=self.folder,
            environment={**self.environment, **environment},
            ready=lambda: len(self.engines() - before) >= engines,
        )
        self.workers.append(worker)
        return worker.start()

    def work_worker(self, children: int = 2, **environment: str) -> Process:
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
        return {row[0] for row in self.query(f"SELECT label FROM streaming_engine WHERE {alive}")}

    def task(self, run: str) -> Task:
        [(state, attempt, label, stream)] = self.query(
            "SELECT r.state, r.attempt, e.label, r.stream_id FROM streaming_run r"
            " LEFT JOIN streaming_engine e ON e.id = r.engine_id WHERE r.id = %s",
            run,
        )
        events = self._site.log.stream_events(stream)
        said = [event for event in events if event.attempt == attempt]
        text = "".join(event.data.get("delta", "") for event in said if event.type == "chunk")
        return Task(state, attempt, label or "", text, [event.type for event in events if event.type in TERMINAL])

    def spoken(self, run: str) -> Task:
        return until(lambda: (task := self.task(run)).text and task, "the task speaks")

    def ended(self, run: str, *, seconds: float = PATIENCE_SECONDS) -> Task:
        return until(lambda: (task := self.task(run)).state in TERMINAL and task, "the task ends", seconds=seconds)

    def child_of(self, run: str) -> int:
        """The process that executes the run."""
        return int(until(lambda: self.task(run).engine, "the task is claimed").rpartition(":")[2])

    def given_up(self) -> int:
        """How many engines have ended their leases themselves."""
        [(count,)] = self.query("SELECT count(*) FROM streaming_engine WHERE expires_at = 0")
        return count

    def sessions(self) -> list[str]:
        return [row[0] for row in self.query("SELECT session_key FROM django_session")]

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()


@contextmanager
def running_work_site(folder: Path) -> Iterator[WorkSite]:
    with running_stores(folder, {}) as site:
        work = WorkSite(site)
        try:
            yield work
        finally:
            work.close()
