"""Redis is lost, emptied and stalled while twenty conversations stream: it carried hints only."""

import time

import pytest

from tests.support.chat_page import ChatPage
from tests.support.hosted import Site
from tests.support.load import Load, nothing_was_lost

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
