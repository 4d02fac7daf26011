"""OpenAI's format and its imitations, from small fixtures written after the API documentation."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.events import Metadata, StreamingChunk, ToolCall, Usage
from streaming.llm.errors import ModelFailedError, NotAStreamError
from streaming.llm.openai.decoding import OpenAIDecoder
from tests.support.openai_decoded import STOP, STOPPED, chunk, said
from tests.support.scripted_api import DONE


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


def test_openai_halves_of_a_character_are_joined():
    high, low = (b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % half for half in (b"a\\ud83d", b"\\ude00b"))

    assert said(high, low, STOP)[:-1] == [StreamingChunk("a"), StreamingChunk("😀b")]
    assert said(high, STOP)[:-1] == [StreamingChunk("a"), StreamingChunk("\ufffd")]
    assert said(low, STOP)[:-1] == [StreamingChunk("\ufffdb")]


def test_openai_text_is_what_every_database_can_hold():
    nul = b'data: {"choices":[{"delta":{"content":"a\\u0000b"}}]}\n\n'
    bad = b'data: {"choices":[{"delta":{"content":"a\xffb"}}]}\n\n'

    assert said(nul, bad, STOP)[:-1] == [StreamingChunk("a\ufffdb"), StreamingChunk("a\ufffdb")]


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
