"""Workers that start before anybody has made the tables, as all processes of a new site do that start at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cluster.postgresql import Postgresql
from deploy.cluster.process import manage
from deploy.cluster.product import Worker
from deploy.cluster.redis import Redis
from tests.support.server import clean_environment
from tests.support.waiting import until

pytestmark = pytest.mark.hosted


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    with Postgresql() as postgresql, Redis(tmp_path) as redis:
        yield clean_environment(tmp_path, {"DATABASE_URL": postgresql.url, "REDIS_URL": redis.url})


@pytest.mark.parametrize("queue", ["streams", "work"])
def test_worker_waits_for_its_tables(environment: dict[str, str], tmp_path: Path, queue: str) -> None:
    worker = Worker(queue, queue=queue, folder=tmp_path, environment=environment)
    try:
        worker.start()
        until(lambda: "not set up; the engine waits" in worker.output, "the engine has looked", seconds=60)
        manage("migrate", "--verbosity", "0", environment=environment)
        count = "from streaming.runs.lease import engines_alive; print(len(engines_alive()))"
        until(
            lambda: int(manage("shell", "--verbosity", "0", "-c", count, environment=environment)) > 0,
            "an engine is alive",
            seconds=60,
        )
    finally:
        worker.kill()
