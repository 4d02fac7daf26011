"""Anthropic's format, from small fixtures written after the API documentation."""

import json

import pytest

from streaming.events import Metadata, StreamingChunk, ToolCall, ToolResult, Usage
from streaming.llm.anthropic.decoding import AnthropicDecoder
from streaming.llm.errors import (
    MalformedStreamError,
    ModelFailedError,
    ModelUnavailableError,
    NotAStreamError,
    RateLimitedError,
    StreamCutError,
)
from tests.support.decoded import decoded_by, said_by


def event(kind, **fields):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def block(index, content, *deltas):
    return b"".join(
        [
            event("content_block_start", index=index, content_block=content),
            *(event("content_block_delta", index=index, delta=delta) for delta in deltas),
            event("content_block_stop", index=index),
        ]
    )


def text(*deltas, index=0):
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": delta} for delta in deltas))


START = event("message_start", message={"model": "claude-x", "usage": {"input_tokens": 25, "output_tokens": 1}})
STOP = event("message_stop")


def end(reason="end_turn", **usage):
    return event("message_delta", delta={"stop_reason": reason}, usage={"output_tokens": 15, **usage}) + STOP


def decoded(*pieces):
    return decoded_by(AnthropicDecoder(), *pieces)


def said(*pieces):
    return said_by(AnthropicDecoder(), *pieces)


def test_anthropic_text_usage_and_reason():
    assert said(START, event("ping"), text("Hel", "lo"), end(cache_read_input_tokens=7)) == [
        StreamingChunk("Hel"),
        StreamingChunk("lo"),
        Metadata("claude-x", "stop", Usage(25, 15, None, 7)),
    ]


def test_anthropic_thinking_is_a_part_and_its_signature_is_not():
    thinking = block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "Hm"},
        {"type": "signature_delta", "signature": "zzz"},
    )
    redacted = block(1, {"type": "redacted_thinking", "data": "zzz"})

    assert said(START, thinking, redacted, text("Yes", index=2), end())[:-1] == [
        StreamingChunk("Hm", "thinking"),
        StreamingChunk("Yes"),
    ]


def test_anthropic_call_is_complete_when_its_block_stops():
    call = block(
        1,
        {"type": "tool_use", "id": "t1", "name": "add", "input": {}},
        {"type": "input_json_delta", "partial_json": ""},
        {"type": "input_json_delta", "partial_json": '{"a":'},
        {"type": "input_json_delta", "partial_json": " 1}"},
    )
    empty = block(2, {"type": "tool_use", "id": "t2", "name": "now", "input": {}})

    assert said(START, text("Let me"), call, empty, end("tool_use")) == [
        StreamingChunk("Let me"),
        ToolCall("t1", "add"),
        ToolCall("t1", "add", '{"a": 1}', "executing"),
        ToolCall("t2", "now"),
        ToolCall("t2", "now", "{}", "executing"),
        Metadata("claude-x", "tool_calls", Usage(25, 15)),
    ]


def test_anthropic_tool_of_the_server_and_its_result():
    call = block(0, {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}})
    found = [{"type": "web_search_result", "title": "T", "url": "u", "encrypted_content": "zzz"}]
    result = block(1, {"type": "web_search_tool_result", "tool_use_id": "s1", "content": found})
    broken = {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}
    failed = block(2, {"type": "web_search_tool_result", "tool_use_id": "s2", "content": broken})

    assert said(START, call, result, failed, end())[:-1] == [
        ToolCall("s1", "web_search"),
        ToolCall("s1", "web_search", '{"query": "x"}', "executing"),
        ToolResult("s1", "web_search", [{"type": "web_search_result", "title": "T", "url": "u"}]),
        ToolResult("s2", "web_search", broken, "max_uses_exceeded"),
    ]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "refusal"),
        ("pause_turn", "pause_turn"),
    ],
)
def test_anthropic_stop_reasons(theirs, ours):
    assert said(START, text("a"), end(theirs))[-1].finish_reason == ours


@pytest.mark.parametrize("ping", [b"event: ping\ndata:\n\n", b"data: \n\n"])
def test_anthropic_ignores_an_event_without_data(ping):
    assert said(ping, START, ping, text("Hello"), ping, end())[0] == StreamingChunk("Hello")


def test_anthropic_ignores_what_it_does_not_know():
    novel = event("novel_event", index="x", message="y", usage=3) + block(
        0, {"type": "novel_block"}, {"type": "novel_delta", "text": ["no"], "partial_json": "no"}
    )
    citation = block(1, {"type": "text", "text": "Yes"}, {"type": "citations_delta", "citation": {"url": "u"}})

    assert said(START, novel, citation, end())[:-1] == [StreamingChunk("Yes")]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("overloaded_error", ModelUnavailableError),
        ("api_error", ModelUnavailableError),
        ("rate_limit_error", RateLimitedError),
        ("novel_error", ModelFailedError),
    ],
)
def test_anthropic_error_in_mid_stream_keeps_what_came_before(kind, error):
    broken = event("error", error={"type": kind, "message": "Overloaded"})

    events, failure = decoded(START + text("Hel") + broken + text("lo"))

    assert events == [StreamingChunk("Hel"), Metadata("claude-x", usage=Usage(25, 1))]
    assert (type(failure), failure.detail) == (error, "Overloaded")


def test_anthropic_cut():
    events, failure = decoded(START, event("content_block_start", index=0, content_block={"type": "text", "text": "a"}))
    assert (events[0], type(failure)) == (StreamingChunk("a"), StreamCutError)

    assert said(START, text("a"), end().removesuffix(STOP))[0] == StreamingChunk("a")
    assert type(decoded(b"")[1]) is NotAStreamError
    assert type(decoded(START, b"data: {\n\n")[1]) is MalformedStreamError


def test_anthropic_answer_that_came_at_once():
    body = {
        "type": "message",
        "model": "claude-x",
        "content": [
            {"type": "thinking", "thinking": "Hm", "signature": "zzz"},
            {"type": "text", "text": "Yes"},
            {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}},
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 3, "output_tokens": 4},
    }
    decoder = AnthropicDecoder()

    assert decoder.whole(json.dumps(body).encode()) == [
        StreamingChunk("Hm", "thinking"),
        StreamingChunk("Yes"),
        ToolCall("t1", "add"),
        ToolCall("t1", "add", '{"a": 1}', "executing"),
        Metadata("claude-x", "tool_calls", Usage(3, 4)),
    ]
    assert decoder.failure is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"type": "error", "error": {"type": "overloaded_error", "message": "O"}}, ModelUnavailableError),
        ({"hello": "world"}, NotAStreamError),
    ],
)
def test_anthropic_error_that_came_at_once(body, kind):
    decoder = AnthropicDecoder()

    assert decoder.whole(json.dumps(body).encode()) == []
    assert type(decoder.failure) is kind
