"""A whole cluster with its people as the benchmarks use it. Knows processes and addresses; knows no measurement."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import psycopg

from benchmarks.processes import cpu_seconds, resident_bytes
from benchmarks.site import Site
from deploy.cluster.cluster import Layout
from tests.support.hosted import Site as Cluster
from tests.support.hosted import running_site


class HostedServer:
    """2 web processes behind nginx, 2 workers of streams, PostgreSQL and Redis."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.url = cluster.url
        self.sign_in = cluster.sign_in

    @property
    def output(self) -> str:
        return "\n".join(process.output[-1000:] for process in self.cluster.processes)

    @property
    def parts(self) -> dict[str, list[int]]:
        """The processes that carry a token, by what they are."""
        cluster = self.cluster
        return {
            "web": [web.pid for web in cluster.webs],
            "workers": [worker.pid for worker in cluster.streams],
            "PostgreSQL": [cluster.postgresql.pid],
            "Redis": [cluster.redis.pid],
            "nginx": [cluster.nginx.pid] if cluster.nginx else [],
        }

    def cpu(self) -> dict[str, float]:
        """Seconds that each part has used."""
        return {name: sum(map(cpu_seconds, pids)) for name, pids in self.parts.items()}

    def web_bytes(self) -> int:
        """Resident memory of the web processes."""
        return sum(map(resident_bytes, self.parts["web"]))

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.cluster.postgresql.url, autocommit=True)


@contextlib.contextmanager
def running_hosted_site(folder: Path, model_url: str, session: aiohttp.ClientSession) -> Iterator[Site]:
    """The cluster, with the fake model as its only one beside the demo."""
    folder.mkdir()
    environment = {"OPENAI_BASE_URL": f"{model_url}/v1", "CHATSITE_LOG_LEVEL": "WARNING"}
    with running_site(folder, environment, Layout(work=0, beat=False)) as cluster:
        yield Site(HostedServer(cluster), session)
