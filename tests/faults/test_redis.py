"""Redis is lost, emptied, stalled and cut off while twenty conversations stream: it carried hints only."""

import time
from collections.abc import Iterator

import pytest

from tests.support.chat_page import ChatPage
from tests.support.hosted import Site, through_proxy
from tests.support.load import Load, nothing_was_lost
from tests.support.tcp_proxy import TcpProxy

pytestmark = [pytest.mark.faults, pytest.mark.hosted, pytest.mark.browser, pytest.mark.timeout(240)]


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


@pytest.fixture
def partition(cluster: Site) -> Iterator[TcpProxy]:
    """What stands between the first web process and Redis."""
    with through_proxy(cluster.webs[0], "REDIS_URL", cluster.redis.port) as proxy:
        yield proxy


@pytest.mark.long
def test_a_web_process_cut_off_from_redis(partition: TcpProxy, cluster: Site, load: Load, page: ChatPage):
    partition.silence()
    load.wait_until_all_stream()
    partition.resume(forget=True)
    load.wait_until_all_stream()
    nothing_was_lost(load, page)
