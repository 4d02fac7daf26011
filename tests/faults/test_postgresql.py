"""PostgreSQL is restarted, away and silent at the wrong moment while twenty conversations stream."""

import time
from collections.abc import Iterator

import pytest

from tests.support.breaking import TERMINATE_OTHERS
from tests.support.chat_page import ChatPage
from tests.support.hosted import Site, through_proxy
from tests.support.load import Load, nothing_was_lost
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import until

pytestmark = [pytest.mark.faults, pytest.mark.hosted, pytest.mark.browser]
AWAY_SECONDS = 15


def test_postgresql_restarted(cluster: Site, load: Load, page: ChatPage):
    cluster.postgresql.stop()
    cluster.postgresql.start()
    load.wait_until_all_stream()
    nothing_was_lost(load, page)


@pytest.mark.long
def test_postgresql_away_for_fifteen_seconds(cluster: Site, load: Load, page: ChatPage):
    cluster.postgresql.stop()
    time.sleep(AWAY_SECONDS)  # the fault itself
    cluster.postgresql.start()
    load.wait_until_all_stream()
    nothing_was_lost(load, page)


def test_every_session_of_postgresql_terminated(cluster: Site, load: Load, page: ChatPage):
    for _ in range(3):
        assert cluster.query(TERMINATE_OTHERS)[0][0] > 0
        load.wait_until_all_stream()
    nothing_was_lost(load, page)


@pytest.fixture
def between(cluster: Site) -> Iterator[TcpProxy]:
    """What stands between the only worker of streams and PostgreSQL."""
    cluster.streams[1].kill()
    with through_proxy(cluster.streams[0], "DATABASE_URL", cluster.postgresql.port) as proxy:
        yield proxy


def test_answers_to_commit_that_are_lost(between: TcpProxy, cluster: Site, load: Load, page: ChatPage):
    between.cut_every = 10
    between.cut_answer_to = b"COMMIT"
    until(lambda: between.answers_cut >= 5, "answers to COMMIT were cut", seconds=60)
    load.wait_until_all_stream()
    between.cut_answer_to = None
    nothing_was_lost(load, page)
