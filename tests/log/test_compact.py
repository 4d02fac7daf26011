"""Compaction: fewer rows, the same reads, for every cursor, before, between and after."""

from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streaming.events import Complete, Start, StreamingChunk, StreamingEvent
from streaming.log import append_batches, append_events, can_resume, compact, position, prepare, read
from streaming.log.compact import CompactionConflictError, _replace
from streaming.log.cursor import Cursor
from streaming.models import Event, Stream
from streaming.models.stream import PACKED
from tests.support.any_event import streams_of_events
from tests.support.rows import a_claim, batch, log

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
many = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def a_stream_of(events: list[StreamingEvent]) -> Stream:
    stream = Stream.objects.create()
    items = [prepare(event.data, ts=event.ts, run_id=event.run_id, attempt=event.attempt) for event in events]
    with transaction.atomic():
        append_events(stream.pk, items)
    return stream


def reads_of(stream: Stream, events: list[StreamingEvent]) -> None:
    """Every cursor reads what follows it, in one page and in small ones; every cursor may resume."""
    now = position(stream.pk, using="default")
    assert (now.first_seq, now.last_seq, now.ts) == (1, len(events), events[-1].ts)
    assert log(stream) == events
    for seq in range(len(events) + 1):
        assert list(read(stream.pk, seq, using="default").events) == events[seq:]
        ts = events[seq - 1].ts if seq else 0
        assert can_resume(stream.pk, Cursor(stream.epoch, seq, ts), using="default")
        assert not (seq and can_resume(stream.pk, Cursor(stream.epoch, seq, ts + 1), using="default"))
        page = read(stream.pk, seq, using="default", rows=1)
        assert list(page.events) == events[seq : seq + len(page.events)]
        assert page.events or seq == len(events)


@many
@given(events=streams_of_events(max_size=12), data=st.data())
def test_compaction_leaves_every_read_as_it_was(events, data):
    stream = a_stream_of(events)
    reads_of(stream, events)
    for _ in range(data.draw(st.integers(1, 3))):
        first = data.draw(st.integers(1, len(events)))
        last = data.draw(st.integers(first, len(events)))
        compact(stream.pk, first, last)
        reads_of(stream, events)
    compact(stream.pk, 1, len(events))
    reads_of(stream, events)


@many
@given(events=streams_of_events(max_size=12), data=st.data())
def test_compaction_is_whole_after_any_part_of_it_was(events, data):
    """A process that died between two of its transactions leaves a log that reads the same, and can be gone on with."""
    stream = a_stream_of(events)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(events)), max_size=3)) | {len(events)})
    start = 0
    for cut in cuts:
        if data.draw(st.booleans()):
            _replace(stream.pk, events[start:cut])
        start = cut
    reads_of(stream, events)
    compact(stream.pk, 1, len(events))
    reads_of(stream, events)
    assert not Event.objects.filter(stream=stream).exclude(type=PACKED).exists()


def test_compaction_repeated_changes_nothing():
    claim = a_claim()
    append_batches([batch(claim, 0, Start(), *"abcdef", Complete())])
    assert compact(claim.stream_id, 1, 8) == 8
    before = list(Event.objects.values())
    assert compact(claim.stream_id, 1, 8) == 0
    assert list(Event.objects.values()) == before
    assert len(before) == 1


def test_compaction_keeps_the_epoch_and_the_head_and_new_events_follow():
    claim = a_claim()
    append_batches([batch(claim, 0, *"abc")])
    before = position(claim.stream_id, using="default")
    compact(claim.stream_id, 1, 3)
    assert position(claim.stream_id, using="default") == before
    append_batches([batch(claim, 3, "d")])
    assert [event.data.delta for event in log(claim.stream_id)] == list("abcd")
    assert [event.seq for event in log(claim.stream_id)] == [1, 2, 3, 4]


def test_compaction_keeps_the_time_and_length_of_each_delta():
    claim = a_claim()
    chunk = StreamingChunk("one two", "text", (4, 3), (0, 21))
    append_batches([batch(claim, 0, chunk, chunk)])
    compact(claim.stream_id, 1, 2)
    assert [event.data for event in log(claim.stream_id)] == [chunk, chunk]


def test_compaction_of_a_large_answer_makes_rows_that_a_reader_can_take_one_by_one():
    claim = a_claim()
    said = [f"{n:06d}" * 50 for n in range(1500)]
    for start in range(0, len(said), 500):
        append_batches([batch(claim, start, *said[start : start + 500])])
    before = log(claim.stream_id)
    assert compact(claim.stream_id, 1, 1500) == 1500
    rows = list(Event.objects.order_by("seq"))
    assert 12 <= len(rows) <= 20
    assert max(len(row.body) for row in rows) < 64_000
    assert rows[0].first_seq == 1
    assert all(row.first_seq == former.seq + 1 for former, row in pairwise(rows))
    assert log(claim.stream_id) == before


def test_compaction_leaves_what_comes_after_its_end_alone():
    claim = a_claim()
    append_batches([batch(claim, 0, *"abcdef")])
    compact(claim.stream_id, 2, 4)
    rows = Event.objects.order_by("seq").values_list("first_seq", "seq", "type")
    assert list(rows) == [(1, 1, "chunk"), (2, 4, PACKED), (5, 5, "chunk"), (6, 6, "chunk")]


def test_compaction_that_ends_inside_a_packed_row_leaves_it_alone():
    claim = a_claim()
    append_batches([batch(claim, 0, *"abcdef")])
    compact(claim.stream_id, 4, 6)
    assert compact(claim.stream_id, 1, 5) == 3
    assert [event.data.delta for event in log(claim.stream_id)] == list("abcdef")


def test_compaction_that_another_has_done_meanwhile_changes_nothing():
    claim = a_claim()
    append_batches([batch(claim, 0, *"abcdef")])
    events = log(claim.stream_id)
    compact(claim.stream_id, 1, 6)
    with pytest.raises(CompactionConflictError):
        _replace(claim.stream_id, events[2:5])
    assert log(claim.stream_id) == events


def test_compaction_of_nothing_is_nothing():
    stream = Stream.objects.create()
    assert compact(stream.pk, 1, 0) == 0
    assert compact(stream.pk, 1, 10) == 0
