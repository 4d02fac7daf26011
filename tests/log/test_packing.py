"""Packing is exact for every stream: all event types, attempts, interleaved runs."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.events import DATA_TYPES, StreamingChunk, StreamingEvent, event_of
from streaming.log.packing import ROW_CHARACTERS, pack, rows_of, unpack
from tests.support.any_event import CONVERSATION_DATA, RUN_DATA, streams_of_events


def round_trip(events: Sequence[StreamingEvent]) -> list[StreamingEvent]:
    return list(unpack(pack(events), events[0].seq))


@settings(max_examples=25)
@pytest.mark.parametrize("data_type", DATA_TYPES.values())
@given(data=st.data())
def test_packing_keeps_each_type_of_event(data_type, data):
    event = event_of(
        data.draw((RUN_DATA | CONVERSATION_DATA)[data_type]),
        ts=data.draw(st.integers(0, 2**42)),
        run_id="r",
        attempt=3,
        seq=7,
    )
    assert round_trip([event]) == [event]


@given(streams_of_events())
def test_packing_keeps_every_stream(events):
    assert round_trip(events) == events


@given(streams_of_events(), st.data())
def test_packing_keeps_every_stretch_from_any_seq(events, data):
    start = data.draw(st.integers(0, len(events) - 1))
    end = data.draw(st.integers(start + 1, len(events)))
    assert round_trip(events[start:end]) == events[start:end]


@given(streams_of_events())
def test_rows_are_the_stream_in_order(events):
    assert [event for row in rows_of(events) for event in row] == events


def test_rows_hold_about_as_much_as_they_should():
    chunk = event_of(StreamingChunk("x" * 1000), ts=1, run_id="r", attempt=1, seq=1)
    rows = list(rows_of([chunk] * 1000))
    sizes = [sum(len(event.data.delta) for event in row) for row in rows]
    assert len(rows) == 32
    assert max(sizes) <= ROW_CHARACTERS
    assert sum(sizes) == 1_000_000


def test_row_of_one_event_that_is_larger_than_a_row():
    big = event_of(StreamingChunk("x" * 10 * ROW_CHARACTERS), ts=1, run_id="r", attempt=1, seq=2)
    small = event_of(StreamingChunk("y"), ts=1, run_id="r", attempt=1, seq=1)
    assert [len(row) for row in rows_of([small, big, small])] == [2, 1]


def test_packing_makes_an_answer_small():
    """1,000 ticks of 4 tokens: what each tick costs beside its text is its time and the lengths."""
    chunk = StreamingChunk("word" * 4, "text", (4, 4, 4, 4), (0, 8, 16, 24))
    events = [
        event_of(chunk, ts=1_800_000_000_000 + 33 * i, run_id="a" * 32, attempt=1, seq=i + 1) for i in range(1000)
    ]
    packed = pack(events)
    assert round_trip(events) == events
    assert len(packed) < 16_000 * 4
    assert len(json.loads(packed)) == 1
