"""A run's events amount to a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.events import (
    BufferedPart,
    Cancelled,
    Complete,
    Failed,
    FinalMessage,
    Interrupted,
    Metadata,
    Start,
    StreamingBuffer,
    StreamingChunk,
    ToolCall,
    ToolResult,
    Usage,
    event_of,
    fold,
)


def buffered(*items, attempt=1):
    buffer = StreamingBuffer()
    for ts, data in items:
        buffer.add(event_of(data, ts=ts, run_id="r", attempt=attempt))
    return buffer


ANSWER = (
    (1000, Start(agent="chat", model="m-1")),
    (1200, StreamingChunk("Let me ", "thinking")),
    (1250, StreamingChunk("see.", "thinking")),
    (1300, StreamingChunk("Hel")),
    (1400, StreamingChunk("lo")),
    (1500, Metadata("m-1-2026", "length", Usage(7, 42))),
    (1500, Complete("length")),
)


def test_buffer_amounts_to_the_answer():
    buffer = buffered(*ANSWER)

    assert buffer.content == "Hello"
    assert buffer.thinking == "Let me see."
    assert buffer.parts == [BufferedPart("thinking", "Let me see."), BufferedPart("text", "Hello")]
    assert buffer.chunk_count == 4
    assert buffer.duration == 0.5
    assert buffer.tokens == 42
    assert buffer.usage == Usage(7, 42)
    assert buffer.finish_reason == "length"
    assert buffer.state == "complete"
    assert buffer.message() == FinalMessage(
        text="Hello",
        state="complete",
        thinking="Let me see.",
        model="m-1-2026",
        finish_reason="length",
        usage=Usage(7, 42),
        tokens=42,
        duration=0.5,
    )


def test_buffer_is_empty_then_running():
    buffer = StreamingBuffer()
    assert (buffer.state, buffer.content, buffer.duration, buffer.tokens) == ("empty", "", 0.0, 0)

    buffer.add(event_of(StreamingChunk("a"), ts=5))
    assert (buffer.state, buffer.content, buffer.tokens, buffer.terminal) == ("running", "a", 1, None)


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (Complete(), "complete"),
        (Cancelled("me"), "cancelled"),
        (Failed("x", "Y."), "error"),
        (Interrupted("died"), "interrupted"),
    ],
)
def test_buffer_knows_each_end(end, state):
    buffer = buffered((1, StreamingChunk("kept")), (2, end))

    assert (buffer.state, buffer.message().text, buffer.terminal.data) == (state, "kept", end)


def test_buffer_takes_the_finish_reason_of_the_end_when_there_is_no_other():
    assert buffered((1, Complete("length"))).finish_reason == "length"


def test_buffer_keeps_parts_in_their_order_and_structured_items_apart():
    header = {"type": "header"}
    buffer = buffered(
        (1, StreamingChunk("a")),
        (1, StreamingChunk("t", "thinking")),
        (1, StreamingChunk("b")),
        (1, StreamingChunk("T", meta=header)),
        (1, StreamingChunk("c")),
        (1, StreamingChunk("d")),
    )

    assert buffer.parts == [
        BufferedPart("text", "a"),
        BufferedPart("thinking", "t"),
        BufferedPart("text", "b"),
        BufferedPart("text", "T", header),
        BufferedPart("text", "cd"),
    ]
    assert buffer.content == "abTcd"


def test_buffer_merges_the_states_of_a_tool_call():
    buffer = buffered(
        (1, ToolCall("c1", "search")),
        (2, ToolCall("c2", "sum")),
        (3, ToolCall("c1", "", '{"q": 1}', "executing")),
        (4, ToolCall("c1", status="completed")),
        (5, ToolResult("c1", "search", [1, 2], ms=3)),
    )

    assert buffer.tool_calls == [ToolCall("c1", "search", '{"q": 1}', "completed"), ToolCall("c2", "sum")]
    assert buffer.tool_results == [ToolResult("c1", "search", [1, 2], ms=3)]


def test_buffer_starts_anew_with_a_higher_attempt():
    buffer = buffered(*ANSWER[:4])
    buffer.add(event_of(Start(model="m-2"), ts=5000, run_id="r", attempt=2))
    buffer.add(event_of(StreamingChunk("late"), ts=5001, run_id="r", attempt=1))
    buffer.add(event_of(StreamingChunk("new"), ts=5100, run_id="r", attempt=2))

    assert (buffer.content, buffer.thinking, buffer.chunk_count, buffer.duration) == ("new", "", 1, 0.1)
    assert buffer.model == "m-2"


def test_buffer_adds_up_what_metadata_says_bit_by_bit():
    buffer = buffered((1, Metadata("m")), (2, Metadata(usage=Usage(3))), (3, Metadata(finish_reason="stop")))

    assert (buffer.model, buffer.usage, buffer.finish_reason) == ("m", Usage(3), "stop")


deltas = st.lists(
    st.tuples(st.integers(0, 50), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)),
    min_size=1,
    max_size=20,
)


@given(deltas, st.integers(0, 20))
def test_buffer_counts_folded_chunks_as_their_deltas(pairs, cut):
    ts, items = 1000, []
    for pause, text in pairs:
        ts += pause
        items.append((ts, StreamingChunk(text)))

    single = buffered(*items)
    folded = buffered(*fold(items[:cut]), *fold(items[cut:]))

    assert folded.message() == single.message()
    assert (folded.chunk_count, folded.duration) == (len(items), (items[-1][0] - items[0][0]) / 1000)
