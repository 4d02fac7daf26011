"""Redis is lost, emptied, stalled and read-only while twenty conversations stream: it carried hints only."""

import time

import pytest

from tests.support.chat_page import ChatPage
from tests.support.hosted import Site
from tests.support.load import Load, nothing_was_lost
from tests.support.waiting import until

pytestmark = [pytest.mark.faults, pytest.mark.hosted, pytest.mark.browser]


def test_redis_killed_and_started_empty(cluster: Site, load: Load, page: ChatPage):
    cluster.redis.kill()
    load.wait_until_all_stream()  # each second, as nobody rings
    cluster.redis.start()
    load.wait_until_all_stream()
    nothing_was_lost(load, page)


def test_redis_emptied(cluster: Site, load: Load, page: ChatPage):
    assert cluster.redis.ask("FLUSHALL").startswith(b"+OK")
    load.wait_until_all_stream()
    nothing_was_lost(load, page)


REPLICA = ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE")
ALONE = ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0")
REFUSED = "Trying to re"  # establish the connection, or connect: as far as the worker has come


@pytest.mark.parametrize(
    ("refuse", "accept"),
    [pytest.param(*REPLICA, id="replica"), pytest.param(*ALONE, id="without-replicas", marks=pytest.mark.long)],
)
def test_redis_that_takes_no_writes(cluster: Site, load: Load, page: ChatPage, refuse: str, accept: str):
    workers = [*cluster.streams, *cluster.work]
    before = {worker.name: len(worker.output) for worker in workers}
    cluster.redis.ask(refuse)
    try:
        until(
            lambda: all(REFUSED in worker.output[before[worker.name] :] for worker in workers),
            "every worker was refused and tries again",
            seconds=60,
        )
        load.wait_until_all_stream()
    finally:
        cluster.redis.ask(accept)
    load.wait_until_all_stream()
    for worker in workers:
        worker.wait_until_ready()  # it answers Celery's ping, through Redis
    assert all(process.is_alive for process in cluster.processes)
    nothing_was_lost(load, page)


@pytest.mark.long
def test_redis_stopped_for_ten_seconds(cluster: Site, load: Load, page: ChatPage):
    cluster.redis.pause()
    stopped = time.monotonic()
    load.wait_until_all_stream()
    time.sleep(max(0.0, 10 - (time.monotonic() - stopped)))  # the fault itself
    cluster.redis.resume()
    load.wait_until_all_stream()
    nothing_was_lost(load, page)


@pytest.mark.long
def test_redis_restarted_five_times(cluster: Site, load: Load, page: ChatPage):
    for _ in range(5):
        cluster.redis.kill()
        cluster.redis.start()
        load.wait_until_all_stream()
    nothing_was_lost(load, page)
