"""Hypothesis strategies for events of every type, as runs and conversations write them."""

from typing import Any, get_args

from hypothesis import strategies as st

from streaming.events import (
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
    Part,
    PathChosen,
    Progress,
    Start,
    Step,
    StreamingChunk,
    StreamingEvent,
    ToolCall,
    ToolResult,
    Usage,
    event_of,
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
deltas = texts | st.sampled_from([" ", "\n", "42", "null", "{}", '"', "\\", '{"e"', "😀", "e\u0301", "\u2028"])
parts = st.sampled_from(get_args(Part))
numbers = st.integers(0, 2**40)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
json_objects = st.dictionaries(texts, json_values, max_size=3)


@st.composite
def folded_chunks(draw: st.DrawFn) -> StreamingChunk:
    """A tick's deltas with their lengths and times; some of them empty."""
    said = draw(st.lists(deltas, min_size=2, max_size=5))
    times = sorted(draw(st.lists(st.integers(0, 33), min_size=len(said), max_size=len(said))))
    return StreamingChunk("".join(said), draw(parts), tuple(map(len, said)), tuple(times))


single_chunks = st.builds(StreamingChunk, deltas, parts)
marked_chunks = st.builds(StreamingChunk, deltas, parts, meta=json_objects)
chunks = folded_chunks() | single_chunks | marked_chunks

usages = st.builds(Usage, *([st.none() | st.integers(0, 10**6)] * 4))
floats = st.none() | st.floats(0, 1e6)

RUN_DATA: dict[type[EventData], st.SearchStrategy[Any]] = {
    StreamingChunk: chunks,
    Start: st.builds(Start, texts, texts, texts, json_objects, texts, texts, texts),
    ToolCall: st.builds(
        ToolCall, texts, texts, texts, st.sampled_from(["started", "executing", "completed", "failed"])
    ),
    ToolResult: st.builds(ToolResult, texts, texts, json_values, texts, numbers),
    Approval: st.builds(Approval, texts, texts, texts, st.sampled_from(["", "approved", "rejected"])),
    Progress: st.builds(Progress, numbers, numbers, floats, texts, floats),
    Step: st.builds(Step, texts, st.sampled_from(["started", "finished", "failed"]), numbers, texts),
    Artifact: st.builds(Artifact, texts, texts, texts, json_values, texts, st.booleans(), st.booleans()),
    Handoff: st.builds(Handoff, texts, texts, texts),
    Metadata: st.builds(
        Metadata, texts, texts, st.none() | usages, numbers, *([st.none() | numbers] * 2), chunks=st.none() | numbers
    ),
    Complete: st.builds(Complete, texts),
    Cancelled: st.builds(Cancelled, texts),
    Failed: st.builds(Failed, texts, texts, st.booleans(), texts),
    Interrupted: st.builds(Interrupted, texts),
}
CONVERSATION_DATA: dict[type[EventData], st.SearchStrategy[Any]] = {
    MessageAdded: st.builds(
        MessageAdded, texts, st.sampled_from(["user", "assistant"]), texts, texts, texts, texts, texts
    ),
    MessageRemoved: st.builds(MessageRemoved, texts),
    PathChosen: st.builds(PathChosen, texts, texts),
    ConversationChanged: st.builds(
        ConversationChanged, st.none() | texts, st.none() | texts, pinned=st.none() | st.booleans()
    ),
    AccessChanged: st.builds(AccessChanged, texts, st.booleans()),
}

run_data: st.SearchStrategy[EventData] = chunks | st.one_of(*RUN_DATA.values())
conversation_data: st.SearchStrategy[EventData] = st.one_of(*CONVERSATION_DATA.values())


@st.composite
def streams_of_events(draw: st.DrawFn, *, max_size: int = 30) -> list[StreamingEvent]:
    """A stream from seq 1 on: interleaved runs and attempts with the conversation's own events between."""
    authors = st.sampled_from([("", 0), ("a" * 32, 1), ("a" * 32, 2), ("b" * 32, 1)])
    ts = draw(st.integers(1, 2**42))
    events: list[StreamingEvent] = []
    for seq in range(1, draw(st.integers(1, max_size)) + 1):
        run_id, attempt = draw(authors)
        data = draw(run_data if run_id else conversation_data | chunks)
        ts += draw(st.integers(-5, 1000))
        events.append(event_of(data, ts=ts, run_id=run_id, attempt=attempt, seq=seq))
    return events
