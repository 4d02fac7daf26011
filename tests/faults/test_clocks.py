"""Workers whose clocks are a minute apart write into the same conversations: order is the log's, never the clock's."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.chat_page import ChatPage
from tests.support.hosted import Site
from tests.support.load import Load, page_has
from tests.support.waiting import until

pytestmark = [pytest.mark.faults, pytest.mark.hosted, pytest.mark.browser, pytest.mark.long]
AHEAD_SECONDS = 60
OTHER_CLOCK = Path(__file__).parent.parent / "support" / "other_clock"


@pytest.fixture
def ahead(cluster: Site):
    """The only worker of streams, a minute ahead of everybody else."""
    cluster.streams[1].kill()
    worker = cluster.streams[0]
    before = dict(worker.environment)
    worker.kill()
    worker.environment |= {"PYTHONPATH": str(OTHER_CLOCK), "OTHER_CLOCK_SECONDS": str(AHEAD_SECONDS)}
    yield worker.start()
    worker.kill()
    worker.environment = before


def test_the_next_answer_comes_from_a_minute_ago(ahead, cluster: Site, load: Load, page: ChatPage):
    load.over.set()
    until(lambda: not load.live(), "the answers of the worker that is ahead are complete")
    ahead.kill()
    cluster.streams[1].start()
    load.over.clear()
    load.ask_again()
    load.wait_until_all_stream()
    answers = load.finish()
    assert [answer.terminal for answer in answers] == ["complete"] * 2 * len(load.conversations)
    for conversation in load.conversations:
        times = [event.ts for event in cluster.log.events(conversation)]
        assert min(after - before for before, after in pairwise(times)) < -1000 * AHEAD_SECONDS / 2
    page_has(page, answers)
