"""Retention: the oldest rows go, `first_seq` says so, what is left reads as before."""

import pytest

from streaming.log import append_batches, can_resume, compact, forget_before, position
from streaming.log.cursor import Cursor
from streaming.models import Event, Stream
from tests.support.rows import FIRST_TS, a_claim, batch, log

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture
def claim():
    """Twenty events, the n-th at FIRST_TS + n - 1."""
    claim = a_claim()
    append_batches([batch(claim, 0, *map(str, range(1, 21)))])
    return claim


def seqs(stream_id: int) -> list[int]:
    return [event.seq for event in log(stream_id)]


def test_forget_moves_the_first_seq_and_keeps_the_rest(claim):
    assert forget_before(claim.stream_id, FIRST_TS + 5) == 5
    now = position(claim.stream_id, using="default")
    assert (now.first_seq, now.last_seq) == (6, 20)
    assert seqs(claim.stream_id) == list(range(6, 21))


def test_forget_again_is_nothing(claim):
    forget_before(claim.stream_id, FIRST_TS + 5)
    assert forget_before(claim.stream_id, FIRST_TS + 5) == 0
    assert forget_before(claim.stream_id, 0) == 0


def test_forget_refuses_the_cursors_below(claim):
    epoch = Stream.objects.get(pk=claim.stream_id).epoch
    events = log(claim.stream_id)
    forget_before(claim.stream_id, FIRST_TS + 5)
    able = [e.seq for e in events if can_resume(claim.stream_id, Cursor(epoch, e.seq, e.ts), using="default")]
    assert able == list(range(5, 21))
    assert not can_resume(claim.stream_id, Cursor(epoch, 0, 0), using="default")


def test_forget_takes_packed_rows_whole_or_not_at_all(claim):
    compact(claim.stream_id, 1, 8)
    assert forget_before(claim.stream_id, FIRST_TS + 5) == 0
    assert seqs(claim.stream_id) == list(range(1, 21))
    assert forget_before(claim.stream_id, FIRST_TS + 8) == 1
    assert seqs(claim.stream_id) == list(range(9, 21))


def test_forget_stops_at_the_first_event_that_is_young_enough():
    claim = a_claim()
    append_batches([batch(claim, 0, "old")])
    append_batches([batch(claim, 1, "young", ts=FIRST_TS + 1000)])
    append_batches([batch(claim, 2, "old again", ts=FIRST_TS)])
    assert forget_before(claim.stream_id, FIRST_TS + 500) == 1
    assert seqs(claim.stream_id) == [2, 3]


def test_forget_leaves_other_streams_alone(claim):
    other = a_claim()
    append_batches([batch(other, 0, "mine")])
    forget_before(claim.stream_id, 2**60)
    assert seqs(claim.stream_id) == []
    assert seqs(other.stream_id) == [1]


def test_forget_goes_in_batches():
    claim = a_claim()
    append_batches([batch(claim, 0, *["x"] * 1200)])
    assert forget_before(claim.stream_id, FIRST_TS + 1100) == 1100
    assert Event.objects.count() == 100
    assert position(claim.stream_id, using="default").first_seq == 1101


def test_appending_goes_on_after_everything_is_forgotten(claim):
    forget_before(claim.stream_id, 2**60)
    append_batches([batch(claim, 20, "next")])
    assert seqs(claim.stream_id) == [21]
