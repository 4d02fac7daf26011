"""What a run has said so far, from its events: the same from the live ones and from the log."""

from hypothesis import given
from hypothesis import strategies as st

from streaming.events import (
    Failed,
    Interrupted,
    Metadata,
    Start,
    StreamingChunk,
    ToolCall,
    ToolResult,
    Usage,
    event_of,
    fold,
)
from streaming.runs.answer import Answer
from tests.support.any_event import run_data


def answer_of(*said: object, ts: int = 1000, step: int = 10) -> Answer:
    answer = Answer()
    for n, data in enumerate(said):
        answer.add(ts + n * step, data)
    return answer


def test_answer_joins_neighbours_of_one_part():
    chunks = [("thinking", "a"), ("thinking", "b"), ("text", "c"), ("thinking", "d"), ("text", "e"), ("text", "f")]
    answer = answer_of(*(StreamingChunk(text, part) for part, text in chunks))
    assert answer.parts == [["thinking", "ab"], ["text", "c"], ["thinking", "d"], ["text", "ef"]]


def test_answer_tells_times_since_its_start_and_counts():
    folded = StreamingChunk("bcd", lengths=(1, 2), times=(0, 5))
    answer = answer_of(Start(model="m"), Metadata(), StreamingChunk("a", "thinking"), folded)
    assert answer.has_begun
    assert answer.times(1500) == Metadata(first_token_ms=20, duration_ms=500, chunks=3)
    assert answer_of(Start()).times(1007) == Metadata(duration_ms=7)


def test_answer_that_never_began_says_so():
    assert not Answer().has_begun
    assert (Answer().parts, Answer().facts, Answer().finish_reason) == ([], {}, "stop")


def test_answer_keeps_what_became_known():
    answer = answer_of(
        Start(model="asked"),
        Metadata(model="answered", finish_reason="length"),
        Metadata(usage=Usage(output_tokens=5)),
        ToolCall("1", "look", status="started"),
        ToolCall("1", arguments="{}", status="executing"),
        ToolResult("1", result=[1]),
    )
    assert answer.finish_reason == "length"
    assert answer.facts == {
        "model": "answered",
        "finish_reason": "length",
        "usage": {"output_tokens": 5},
        "calls": [{"id": "1", "name": "look", "arguments": "{}", "status": "executing"}],
        "results": [{"id": "1", "result": [1]}],
    }


def test_answer_keeps_how_it_failed():
    assert answer_of(Failed("code", "Sentence.", retryable=True)).facts["error"]["code"] == "code"
    assert answer_of(Interrupted("why")).facts["reason"] == "why"


def test_answer_of_the_log_is_that_of_its_last_attempt():
    events = [
        event_of(Start(model="a"), ts=1, run_id="r", attempt=1),
        event_of(StreamingChunk("first"), ts=2, run_id="r", attempt=1),
        event_of(Start(model="b"), ts=5, run_id="r", attempt=2),
        event_of(StreamingChunk("second"), ts=8, run_id="r", attempt=2),
    ]
    answer = Answer.of(events)
    assert answer.parts == [["text", "second"]]
    assert answer.times(10) == Metadata(first_token_ms=3, duration_ms=5, chunks=1)


@given(st.lists(run_data.filter(lambda data: not isinstance(data, Start)), max_size=20), st.data())
def test_answer_of_the_log_is_the_engines_own(said, data):
    """However the ticks fall."""
    timed = [(1000 + n, each) for n, each in enumerate([Start(model="m"), *said])]
    own = Answer()
    for ts, each in timed:
        own.add(ts, each)
    logged = []
    while timed:
        tick = data.draw(st.integers(1, len(timed)))
        logged += [event_of(each, ts=ts, run_id="r", attempt=1) for ts, each in fold(timed[:tick])]
        timed = timed[tick:]
    assert (Answer.of(logged).parts, Answer.of(logged).facts) == (own.parts, own.facts)
    assert Answer.of(logged).times(5000) == own.times(5000)
