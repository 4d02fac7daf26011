"""Ollama's format, from small fixtures written after the API documentation."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.events import Metadata, StreamingChunk, ToolCall, Usage
from streaming.llm.errors import MalformedStreamError, ModelFailedError, NotAStreamError, StreamCutError
from streaming.llm.ollama.decoding import OllamaDecoder
from tests.support.decoded import decoded_by


def line(**fields):
    return json.dumps({"model": "llama3", **fields}).encode() + b"\n"


def message(content="", **fields):
    return line(message={"role": "assistant", "content": content, **fields}, done=False)


def end(reason="stop"):
    said = {"role": "assistant", "content": ""}
    return line(message=said, done=True, done_reason=reason, prompt_eval_count=26, eval_count=298, total_duration=5)


def decoded(*pieces):
    return decoded_by(OllamaDecoder(), *pieces)


def test_ollama_thinking_text_and_counts():
    assert decoded(message(thinking="Hm"), message("Hel"), message("lo"), end()) == (
        [
            StreamingChunk("Hm", "thinking"),
            StreamingChunk("Hel"),
            StreamingChunk("lo"),
            Metadata("llama3", "stop", Usage(26, 298)),
        ],
        None,
    )


def test_ollama_calls_come_whole():
    calls = [
        {"function": {"name": "add", "arguments": {"a": 1}}},
        {"id": "c9", "function": {"name": "now", "arguments": {}}},
    ]

    assert decoded(message(tool_calls=calls), end()) == (
        [
            ToolCall("call_1", "add"),
            ToolCall("call_1", "add", '{"a": 1}', "executing"),
            ToolCall("c9", "now"),
            ToolCall("c9", "now", "{}", "executing"),
            Metadata("llama3", "tool_calls", Usage(26, 298)),
        ],
        None,
    )


def test_ollama_reason_length():
    assert decoded(message("a"), end("length"))[0][-1].finish_reason == "length"


def test_ollama_error_in_mid_stream_keeps_what_came_before():
    events, failure = decoded(message("a") + b'{"error":"out of memory"}\n' + message("b"))

    assert events == [StreamingChunk("a")]
    assert (type(failure), failure.detail) == (ModelFailedError, "out of memory")


def test_ollama_cut():
    assert decoded(message("a"), message("b")[:-9])[0] == [StreamingChunk("a")]
    assert type(decoded(message("a"))[1]) is StreamCutError
    assert type(decoded(b"")[1]) is NotAStreamError
    assert type(decoded(message("a"), b"nonsense\n")[1]) is MalformedStreamError


def test_ollama_end_without_line_end_counts():
    assert decoded(message("a"), end().strip())[1] is None


def test_ollama_answer_that_came_at_once():
    decoder = OllamaDecoder()
    said = {"role": "assistant", "content": "Yes"}

    assert decoder.whole(line(message=said, done=True, done_reason="stop", eval_count=2)) == [
        StreamingChunk("Yes"),
        Metadata("llama3", "stop", Usage(None, 2)),
    ]


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=8)


@given(st.lists(texts, max_size=10), st.lists(st.integers(0, 2000), max_size=10))
def test_ollama_any_text_arrives_in_any_pieces(deltas, places):
    body = b"".join(map(message, deltas)) + end()
    places = sorted({place % len(body) for place in places})
    pieces = [body[a:b] for a, b in zip([0, *places], [*places, len(body)], strict=True)]

    assert decoded(*pieces) == ([*map(StreamingChunk, deltas), Metadata("llama3", "stop", Usage(26, 298))], None)


@pytest.mark.parametrize("field", ["content", "thinking"])
def test_ollama_halves_of_a_character_are_joined(field):
    high, low = (b'{"message":{"%s":"%s"}}\n' % (field.encode(), half) for half in (b"a\\ud83d", b"\\ude00b"))

    assert "".join(event.delta for event in decoded(high, low, end())[0][:-1]) == "a😀b"
