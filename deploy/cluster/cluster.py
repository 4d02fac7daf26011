"""A whole hosted site: which processes there are, in which order they start and end. Knows no test and no person."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from deploy.cluster.nginx import Nginx, before
from deploy.cluster.postgresql import Postgresql
from deploy.cluster.process import Process, as_ready, free_port, manage
from deploy.cluster.product import Beat, Web, Worker
from deploy.cluster.redis import Redis


@dataclass(frozen=True)
class Layout:
    """How many of each."""

    webs: int = 2
    streams: int = 2
    work: int = 1
    beat: bool = True
    nginx: bool = True
    host: str = "127.0.0.1"  # by which people name this machine


class Cluster:
    """The processes by kind; each may be killed, stalled and started again on its own.

    `environment` is what the product's processes get beside the addresses of this site.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], layout: Layout) -> None:
        self.folder = folder
        self.postgresql = Postgresql()
        self.redis = Redis(folder)
        self.environment = {
            **environment,
            "DATABASE_URL": self.postgresql.url,
            "REDIS_URL": self.redis.url,
            "SECRET_KEY": secrets.token_urlsafe(40),
            "PYTHONUNBUFFERED": "1",
        }
        self.webs = [self._web(number) for number in range(1, layout.webs + 1)]
        self.nginx: Nginx | None = None
        if layout.nginx:
            port = free_port()
            self.nginx = Nginx(folder, port, before([web.port for web in self.webs], port=port))
            self._public_url = f"http://{layout.host}:{port}"
            behind = {"CHATSITE_PUBLIC_URL": self._public_url, "CHATSITE_TRUSTED_PROXIES": "1"}
            self.environment |= behind
            for web in self.webs:
                web.environment |= behind
        self.streams = [self.worker(f"streams-{number}") for number in range(1, layout.streams + 1)]
        self.work = [self.worker(f"work-{number}", queue="work") for number in range(1, layout.work + 1)]
        self.beat = Beat(folder=folder, environment=self.environment) if layout.beat else None

    @property
    def url(self) -> str:
        """The address people use."""
        return self._public_url if self.nginx is not None else self.webs[0].url

    @property
    def processes(self) -> Sequence[Process]:
        """All of them, in the order in which they start."""
        beat = [self.beat] if self.beat is not None else []
        proxy = [self.nginx] if self.nginx is not None else []
        return [self.postgresql, self.redis, *self.webs, *self.streams, *self.work, *beat, *proxy]

    def worker(self, name: str, *, queue: str = "streams") -> Worker:
        """One more worker, not started; whoever makes it keeps it."""
        return Worker(name, queue=queue, folder=self.folder, environment=self.environment)

    def start_stores(self) -> None:
        """Database, with its tables, and Redis. Raises `ProcessDiedError`."""
        self.postgresql.start()
        self.redis.start()
        manage("migrate", "--verbosity", "0", environment=self.environment)

    def start(self) -> Self:
        """Everything; returns when all of it serves. Raises `ProcessDiedError`, which names what does not."""
        for _ in self.starting():
            pass
        return self

    def starting(self) -> Iterator[Process]:
        """Start everything; each process as soon as it serves. Raises `ProcessDiedError`."""
        self.start_stores()
        yield from (self.postgresql, self.redis)
        # The first web process alone: of several, each would print a link for the administrator.
        for web in self.webs[:1]:
            yield web.start()
        together = [*self.webs[1:], *self.streams, *self.work, *([self.beat] if self.beat else [])]
        for process in together:
            process.launch()
        yield from as_ready(together)
        if self.nginx is not None:
            yield self.nginx.start()

    def end(self) -> None:
        """Politely: nobody new comes in, pages leave, answers end or are handed over, then the stores go."""
        beat = [self.beat] if self.beat is not None else []
        if self.nginx is not None:
            self.nginx.end()
        for together in ([*self.webs, *beat], [*self.streams, *self.work]):
            living = [process for process in together if process.is_alive]
            for process in living:
                process.ask_to_end()
            for process in living:
                process.end()
        self.redis.end()
        self.postgresql.remove()

    def kill(self) -> None:
        """At once, whatever is going on."""
        for process in reversed(self.processes):
            process.kill()
        self.postgresql.remove()

    def _web(self, number: int) -> Web:
        return Web(f"web-{number}", folder=self.folder, environment=self.environment)
