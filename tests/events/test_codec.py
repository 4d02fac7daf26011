"""Events to JSON and back, for any event."""

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.events import (
    DATA_TYPES,
    TERMINAL_TYPES,
    AccessChanged,
    Approval,
    Artifact,
    Cancelled,
    Complete,
    ConversationChanged,
    EventData,
    Failed,
    Handoff,
    Interrupted,
    MessageAdded,
    MessageRemoved,
    Metadata,
    PathChosen,
    Progress,
    Start,
    Step,
    StreamingChunk,
    StreamingEvent,
    StreamingEventType,
    ToolCall,
    ToolResult,
    Usage,
    decode_data,
    decode_event,
    encode_data,
    encode_event,
    event_as_dict,
    event_of,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
counts = st.none() | st.integers(0, 10**9)
times = st.integers(0, 10**13)
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, json_values, max_size=3)
parts = st.sampled_from(["text", "thinking"])
flags = st.booleans()
usages = st.builds(Usage, counts, counts, counts, counts)

DATA: dict[type[EventData], st.SearchStrategy[Any]] = {
    Start: st.builds(Start, texts, texts, texts, objects, texts, texts, texts),
    StreamingChunk: st.builds(
        StreamingChunk,
        texts,
        parts,
        st.lists(st.integers(0, 100), max_size=4).map(tuple),
        st.lists(st.integers(0, 100), max_size=4).map(tuple),
        st.none() | objects,
    ),
    ToolCall: st.builds(
        ToolCall, texts, texts, texts, st.sampled_from(["started", "executing", "completed", "failed"])
    ),
    ToolResult: st.builds(ToolResult, texts, texts, json_values, texts, times),
    Approval: st.builds(Approval, texts, texts, texts, st.sampled_from(["", "approved", "rejected"])),
    Progress: st.builds(Progress, times, times, numbers, texts, numbers),
    Step: st.builds(Step, texts, st.sampled_from(["started", "finished", "failed"]), times, texts),
    Artifact: st.builds(Artifact, texts, texts, texts, json_values, texts, flags, flags),
    Handoff: st.builds(Handoff, texts, texts, texts),
    Metadata: st.builds(Metadata, texts, texts, st.none() | usages, times, counts, counts, objects),
    Complete: st.builds(Complete, texts),
    Cancelled: st.builds(Cancelled, texts),
    Failed: st.builds(Failed, texts, texts, flags, texts),
    Interrupted: st.builds(Interrupted, texts),
    MessageAdded: st.builds(
        MessageAdded, texts, st.sampled_from(["user", "assistant"]), texts, texts, texts, texts, texts, flags
    ),
    MessageRemoved: st.builds(MessageRemoved, texts),
    PathChosen: st.builds(PathChosen, texts, texts),
    ConversationChanged: st.builds(
        ConversationChanged,
        st.none() | texts,
        st.none() | texts,
        st.none() | texts,
        st.none() | flags,
        st.none() | flags,
    ),
    AccessChanged: st.builds(AccessChanged, texts, flags),
}
any_data = st.one_of(*DATA.values())


def test_codec_test_covers_every_event_type():
    assert set(DATA) == set(DATA_TYPES.values())
    assert set(DATA_TYPES) == set(StreamingEventType)


@given(any_data, times, texts, times, times)
def test_event_round_trips(data, ts, run_id, attempt, seq):
    event = event_of(data, ts=ts, run_id=run_id, attempt=attempt, seq=seq)

    assert decode_event(encode_event(event)) == event
    assert decode_event(encode_event(event).decode()) == event


@given(any_data)
def test_data_round_trips_by_its_type(data):
    assert decode_data(event_of(data).type, encode_data(data)) == data


@given(any_data)
def test_event_as_dict_is_its_json(data):
    event = event_of(data, ts=5, run_id="r", attempt=2, seq=7)

    assert json.loads(json.dumps(event_as_dict(event))) == json.loads(encode_event(event))


def test_event_json_has_the_documented_shape():
    event = event_of(StreamingChunk("Hi"), ts=1700000000000, run_id="r1", attempt=1, seq=3)

    assert json.loads(encode_event(event)) == {
        "type": "chunk",
        "data": {"delta": "Hi"},
        "seq": 3,
        "ts": 1700000000000,
        "run_id": "r1",
        "attempt": 1,
    }


def test_event_ignores_fields_of_a_later_version():
    body = b'{"type":"complete","data":{"finish_reason":"stop","colour":"red"},"mood":"good"}'

    assert decode_event(body) == StreamingEvent(StreamingEventType.COMPLETE, Complete("stop"))


@pytest.mark.parametrize("body", [b'{"type":"nonsense","data":{}}', b'{"type":"tool_call","data":{}}', b"{", b"[]"])
def test_event_that_is_none_raises(body):
    with pytest.raises(msgspec.DecodeError):
        decode_event(body)


def test_data_of_an_unknown_type_raises():
    with pytest.raises(KeyError):
        decode_data("nonsense", "{}")


def test_progress_keeps_fractions():
    data = Progress(1, 3, 100 / 3, eta=math.pi)

    assert decode_data("progress", encode_data(data)) == data


def test_terminal_types_are_the_four():
    assert {kind.value for kind in TERMINAL_TYPES} == {"complete", "cancelled", "error", "interrupted"}
    assert {DATA_TYPES[kind] for kind in TERMINAL_TYPES} == {Complete, Cancelled, Failed, Interrupted}


@given(any_data)
def test_event_is_terminal_by_its_data(data):
    assert event_of(data).is_terminal == isinstance(data, Complete | Cancelled | Failed | Interrupted)
