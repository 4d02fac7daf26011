"""OpenAI's format and its imitations, from small fixtures written after the API documentation."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.events import Metadata, StreamingChunk, ToolCall, Usage
from streaming.llm.errors import (
    AuthenticationError,
    MalformedStreamError,
    ModelFailedError,
    ModelUnavailableError,
    NotAStreamError,
    QuotaUsedUpError,
    RateLimitedError,
    StreamCutError,
)
from streaming.llm.openai.decoding import OpenAIDecoder

DONE = b"data: [DONE]\n\n"


def chunk(delta=None, **fields):
    choice = {"index": 0, "delta": delta or {}, "finish_reason": fields.pop("finish_reason", None)}
    return b"data: " + json.dumps({"choices": [choice], **fields}).encode() + b"\n\n"


def decoded(*pieces):
    decoder = OpenAIDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.close(), decoder.failure


def said(*pieces):
    events, failure = decoded(*pieces)
    assert failure is None
    return events


STOP = chunk(finish_reason="stop")
STOPPED = Metadata(finish_reason="stop")


def test_openai_text_usage_and_reason():
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 5},
    }
    last = b"data: " + json.dumps({"model": "gpt-x", "choices": [], "usage": usage}).encode() + b"\n\n"

    assert said(
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "Hel"}),
        chunk({"content": "lo"}),
        STOP,
        last,
        DONE,
    ) == [
        StreamingChunk("Hel"),
        StreamingChunk("lo"),
        Metadata("gpt-x", "stop", Usage(9, 12, 5, 4)),
    ]


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content", "thinking"])
def test_openai_thinking_has_many_names(field):
    assert said(chunk({field: "Hm", "content": None}), chunk({field: None, "content": "Yes"}), STOP, DONE) == [
        StreamingChunk("Hm", "thinking"),
        StreamingChunk("Yes"),
        STOPPED,
    ]


def test_openai_thinking_that_is_sent_twice_is_told_once():
    detail = [{"type": "reasoning.text", "text": "Hm"}]
    delta = {"reasoning": "Hm", "reasoning_content": "Hm", "reasoning_details": detail}

    assert said(chunk(delta), STOP)[:-1] == [StreamingChunk("Hm", "thinking")]


def test_openai_thinking_in_details_alone():
    details = [
        {"type": "reasoning.text", "text": "One"},
        {"type": "reasoning.encrypted", "data": "zzz"},
        {"type": "reasoning.summary", "summary": "Two"},
    ]

    assert said(chunk({"content": "", "reasoning_details": details}), STOP)[:-1] == [
        StreamingChunk("One", "thinking"),
        StreamingChunk("Two", "thinking"),
    ]


def test_openai_content_as_parts():
    thinking = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]
    text = [{"type": "text", "text": "Yes"}, {"type": "reference", "reference_ids": [1]}]

    assert said(chunk({"content": thinking}), chunk({"content": text}), STOP)[:-1] == [
        StreamingChunk("Hm", "thinking"),
        StreamingChunk("Yes"),
    ]


def call_delta(arguments, index=0, call_id=None, name=None, **more):
    function = {"arguments": arguments} | ({"name": name} if name else {})
    fields = {"index": index, "function": function, **more} | ({"id": call_id} if call_id else {})
    return chunk({"tool_calls": [{key: value for key, value in fields.items() if value is not None}]})


CALLS = chunk(finish_reason="tool_calls")


def test_openai_calls_are_complete_at_the_end():
    assert said(
        call_delta("", 0, "c1", "add"),
        call_delta('{"a":', 0),
        call_delta("", 1, "c2", "sub"),
        call_delta("{}", 1),
        call_delta("1}", 0),
        CALLS,
        DONE,
    ) == [
        ToolCall("c1", "add"),
        ToolCall("c2", "sub"),
        ToolCall("c1", "add", '{"a":1}', "executing"),
        ToolCall("c2", "sub", "{}", "executing"),
        Metadata(finish_reason="tool_calls"),
    ]


def complete(*pieces):
    return [event for event in said(*pieces) if isinstance(event, ToolCall) and event.status == "executing"]


def test_openai_calls_without_index():
    pieces = (
        call_delta('{"a"', None, "c1", "add"),
        call_delta(":1}", None),
        call_delta("[", None, "c2", "sub"),
        call_delta("]", None, "c2"),
        CALLS,
    )

    assert complete(*pieces) == [
        ToolCall("c1", "add", '{"a":1}', "executing"),
        ToolCall("c2", "sub", "[]", "executing"),
    ]


def test_openai_calls_that_all_have_index_zero():
    """As Gemini's imitation has it."""
    pieces = (call_delta("{}", 0, "c1", "add"), call_delta('{"b":2}', 0, "c2", "add"), CALLS)

    assert complete(*pieces) == [
        ToolCall("c1", "add", "{}", "executing"),
        ToolCall("c2", "add", '{"b":2}', "executing"),
    ]


def test_openai_calls_that_repeat_their_id_and_name():
    pieces = (call_delta('{"a"', 0, "c1", "add"), call_delta(":1}", 0, "c1", "add"), CALLS)

    assert complete(*pieces) == [ToolCall("c1", "add", '{"a":1}', "executing")]


def test_openai_calls_without_id_or_arguments():
    pieces = (call_delta(None, None, None, "now"), call_delta({"zone": "UTC"}, None, None, "then"), CALLS)

    assert complete(*pieces) == [
        ToolCall("call_1", "now", "{}", "executing"),
        ToolCall("call_2", "then", '{"zone": "UTC"}', "executing"),
    ]


def test_openai_refusal_is_text_and_a_reason():
    assert said(chunk({"refusal": "I can"}), chunk({"refusal": "not."}), STOP, DONE) == [
        StreamingChunk("I can"),
        StreamingChunk("not."),
        Metadata(finish_reason="refusal"),
    ]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "content_filter"),
        ("function_call", "tool_calls"),
        ("model_length", "length"),
        ("eos_token", "stop"),
        ("brand_new", "brand_new"),
    ],
)
def test_openai_finish_reasons(theirs, ours):
    assert said(chunk({"content": "a"}, finish_reason=theirs))[-1] == Metadata(finish_reason=ours)


@pytest.mark.parametrize(
    ("error", "kind", "detail"),
    [
        ({"message": "Broke", "type": "server_error"}, ModelUnavailableError, "Broke"),
        ({"message": "Slow down", "code": "rate_limit_exceeded"}, RateLimitedError, "Slow down"),
        ({"message": "No money", "code": "insufficient_quota"}, QuotaUsedUpError, "No money"),
        ({"message": "Who", "code": 401}, AuthenticationError, "Who"),
        ({"message": "Many", "code": 429}, RateLimitedError, "Many"),
        ({"message": "Bad", "code": 502}, ModelUnavailableError, "Bad"),
        ({"message": "Odd"}, ModelFailedError, "Odd"),
        ("just words", ModelFailedError, "just words"),
        ({"error": {"message": "deep"}}, ModelFailedError, "deep"),
    ],
)
@pytest.mark.parametrize("event", [b"", b"event: error\n"])
def test_openai_error_in_mid_stream_keeps_what_came_before(event, error, kind, detail):
    line = event + b"data: " + json.dumps({"error": error}).encode() + b"\n\n"

    events, failure = decoded(chunk({"content": "Hel"}) + line + chunk({"content": "lo"}))

    assert events == [StreamingChunk("Hel")]
    assert type(failure) is kind
    assert failure.detail == detail


def test_openai_error_event_without_an_error_field():
    events, failure = decoded(b'event: error\ndata: {"message": "Broke", "type": "server_error"}\n\n')

    assert (events, type(failure), failure.detail) == ([], ModelUnavailableError, "Broke")


def test_openai_error_comes_after_its_usage():
    piece = chunk({"content": ""}, error={"code": 400, "message": "Limit"}, usage={"prompt_tokens": 3})

    events, failure = decoded(chunk({"content": "a"}), piece, DONE)

    assert events == [StreamingChunk("a"), Metadata(usage=Usage(3))]
    assert failure.detail == "Limit"


def test_openai_pings_other_choices_and_unknown_fields_are_ignored():
    other = b'data: {"choices":[{"index":1,"delta":{"content":"no"}}],"novel":{"a":[1]}}\n\n'

    assert said(b": ping\n\n", other, chunk({"content": "yes", "novel": 1}), b": ping\n\n", STOP, DONE) == [
        StreamingChunk("yes"),
        STOPPED,
    ]


def test_openai_nothing_counts_after_done():
    assert said(chunk({"content": "a"}), STOP, DONE, chunk({"content": "b"}), b"data: nonsense\n\n") == [
        StreamingChunk("a"),
        STOPPED,
    ]


def test_openai_done_may_be_missing_but_not_the_end():
    assert said(chunk({"content": "a"}), STOP) == [StreamingChunk("a"), STOPPED]

    events, failure = decoded(chunk({"content": "a"}), chunk({"content": "b"})[:-9])
    assert events == [StreamingChunk("a")]
    assert type(failure) is MalformedStreamError or type(failure) is StreamCutError

    events, failure = decoded(chunk({"content": "a"}))
    assert (events, type(failure)) == ([StreamingChunk("a")], StreamCutError)


@pytest.mark.parametrize("body", [b"", b"hello\n\n", b": ping\n\n"])
def test_openai_silence_is_no_stream(body):
    events, failure = decoded(body)
    assert (events, type(failure)) == ([], NotAStreamError)


@pytest.mark.parametrize("line", [b"data: {\n\n", b"data: nonsense\n\n", b"data: []\n\n", b'data: {"choices": 1}\n\n'])
def test_openai_broken_json_says_so(line):
    events, failure = decoded(chunk({"content": "a"}), line, chunk({"content": "b"}))
    assert (events, type(failure)) == ([StreamingChunk("a")], MalformedStreamError)


def test_openai_line_without_end_says_so():
    decoder = OpenAIDecoder()
    events = decoder.feed(chunk({"content": "a"}))
    for _ in range(5):
        events += decoder.feed(b"data: " + b"x" * 2**20)
    assert (events, type(decoder.failure)) == ([StreamingChunk("a")], MalformedStreamError)


def test_openai_halves_of_a_character_are_joined():
    high, low = (b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % half for half in (b"a\\ud83d", b"\\ude00b"))

    assert said(high, low, STOP)[:-1] == [StreamingChunk("a"), StreamingChunk("😀b")]
    assert said(high, STOP)[:-1] == [StreamingChunk("a"), StreamingChunk("\ufffd")]
    assert said(low, STOP)[:-1] == [StreamingChunk("\ufffdb")]


def test_openai_text_is_what_every_database_can_hold():
    nul = b'data: {"choices":[{"delta":{"content":"a\\u0000b"}}]}\n\n'
    bad = b'data: {"choices":[{"delta":{"content":"a\xffb"}}]}\n\n'

    assert said(nul, bad, STOP)[:-1] == [StreamingChunk("a\ufffdb"), StreamingChunk("a\ufffdb")]


def test_openai_arguments_are_what_every_database_can_hold():
    piece = (
        b'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":'
        b'{"name":"f","arguments":"%s"}}]}}]}\n\n'
    )

    assert complete(piece % b'[\\"\\ud83d', call_delta('\ude00"]'), CALLS) == [
        ToolCall("c", "f", '["😀"]', "executing")
    ]


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=8)


@given(st.lists(texts, max_size=10), st.booleans(), st.lists(st.integers(0, 2000), max_size=10))
def test_openai_any_text_arrives_in_any_pieces(deltas, escaped, places):
    body = b"".join(
        b"data: " + json.dumps({"choices": [{"delta": {"content": delta}}]}, ensure_ascii=escaped).encode() + b"\n\n"
        for delta in deltas
    )
    body += STOP + DONE
    places = sorted({place % len(body) for place in places})
    pieces = [body[a:b] for a, b in zip([0, *places], [*places, len(body)], strict=True)]

    assert said(*pieces) == [*map(StreamingChunk, deltas), STOPPED]


def whole(body):
    decoder = OpenAIDecoder()
    return decoder.whole(json.dumps(body).encode()), decoder.failure


def test_openai_answer_that_came_at_once():
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
    message = {"role": "assistant", "reasoning_content": "Hm", "content": "Yes", "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}

    assert whole({"model": "m", "choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}) == (
        [
            StreamingChunk("Hm", "thinking"),
            StreamingChunk("Yes"),
            ToolCall("c1", "add"),
            ToolCall("c1", "add", '{"a":1}', "executing"),
            Metadata("m", "stop", Usage(1, 2)),
        ],
        None,
    )


def test_openai_error_that_came_at_once():
    events, failure = whole({"error": {"message": "Broke"}})
    assert (events, type(failure), failure.detail) == ([], ModelFailedError, "Broke")

    events, failure = whole({"hello": "world"})
    assert (events, type(failure)) == ([], NotAStreamError)
