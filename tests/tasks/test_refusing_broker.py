"""Workers that start, work and end while their Redis takes no writes: a master that became a replica."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from tests.support.waiting import until
from tests.support.work_site import WorkSite

pytestmark = [pytest.mark.hosted, pytest.mark.faults]
STREAMS = ("-Q", "streams", "-P", "threads", "-c", "2")
REFUSED = "read only replica"


@pytest.fixture(autouse=True)
def refusing(site: WorkSite) -> Iterator[None]:
    site.redis.ask("REPLICAOF 127.0.0.1 1")
    yield
    site.redis.ask("REPLICAOF NO ONE")
    site.close()


def test_workers_start_work_and_end_in_order(site: WorkSite, tmp_path: Path) -> None:
    work = site.work_worker(1, CHATSITE_DRAIN_SECONDS="60")
    streams = site.worker(*STREAMS, engines=1)
    run = site.start("steps", "steps=9", "halt=5", f"gate={tmp_path / 'gate'}")
    site.spoken(run)
    for worker in (work, streams):
        until(lambda: REFUSED in worker.output, "it has been refused")  # noqa: B023 - called at once
        worker.send(signal.SIGTERM)
    until(lambda: "draining; runs left: 1" in work.output, "it says what is left")
    (tmp_path / "gate").touch()
    assert site.ended(run).state == "complete"
    assert [worker.wait(60) for worker in (work, streams)] == [0, 0]


def test_worker_that_was_refused_from_its_start_takes_messages_later(site: WorkSite) -> None:
    worker = site.work_worker(1)
    until(lambda: REFUSED in worker.output, "it has been refused")
    site.redis.ask("REPLICAOF NO ONE")
    assert site.ended(site.start("steps", "steps=1")).state == "complete"
    with Celery(broker=site.redis.url, set_as_current=False) as app, app.connection_for_write() as broker:
        who = {"destination": [f"{worker.name}@localhost"], "limit": 1, "connection": broker}
        until(lambda: app.control.ping(timeout=1, **who), "it answers through its broker")
    assert site.redis.ask("LLEN work") == b":0\r\n"
