"""Whatever a server sends, a decoder gives events or a typed error, and nothing that no database takes."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streaming.events import encode_data
from streaming.llm.anthropic.decoding import AnthropicDecoder
from streaming.llm.decoding import Decoder
from streaming.llm.errors import ModelError
from streaming.llm.failures import reported_error
from streaming.llm.ollama.decoding import OllamaDecoder
from streaming.llm.openai.decoding import OpenAIDecoder
from streaming.llm.sniffing import SniffingDecoder
from streaming.llm.statuses import status_error

DECODERS = [OpenAIDecoder, AnthropicDecoder, OllamaDecoder]
# the words of the three formats, so that wild documents reach into the decoders
WORDS = [
    "choices",
    "delta",
    "message",
    "content",
    "reasoning",
    "reasoning_details",
    "thinking",
    "text",
    "tool_calls",
    "index",
    "id",
    "function",
    "name",
    "arguments",
    "finish_reason",
    "usage",
    "prompt_tokens",
    "completion_tokens_details",
    "x_groq",
    "error",
    "code",
    "type",
    "model",
    "refusal",
    "content_block",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_start",
    "message_delta",
    "message_stop",
    "text_delta",
    "tool_use",
    "input",
    "web_search_tool_result",
    "tool_use_id",
    "is_error",
    "stop_reason",
    "done",
    "done_reason",
    "eval_count",
    "partial_json",
    "input_json_delta",
    "error_code",
]
texts = st.sampled_from(WORDS) | st.text(st.sampled_from("a\x00\ud83d\ude00é"), max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 600) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=25,
)
choices = st.fixed_dictionaries({"choices": st.lists(st.fixed_dictionaries({"delta": values}), max_size=2)})
typed = st.builds(lambda kind, rest: {**rest, "type": kind}, texts, st.dictionaries(texts, values, max_size=5))
documents = values | choices | typed | st.builds(lambda said: {"message": said}, values)


def storable(decoder: Decoder, events):
    for event in events:
        body = encode_data(event)
        assert "\x00" not in body
        assert "\\u0000" not in body or "arguments" in body  # arguments are JSON text, where it is an escape
    assert decoder.failure is None or isinstance(decoder.failure, ModelError)
    if decoder.failure is not None:
        f"{decoder.failure.message}{decoder.failure.detail}".encode()


@pytest.mark.parametrize("kind", DECODERS)
@given(st.lists(documents, max_size=4))
@example([{"type": "content_block_delta", "index": [], "delta": {"type": "input_json_delta"}}])
@example([{"type": "content_block_start", "index": {}, "content_block": {"type": "tool_use"}}])
@example([{"type": [], "delta": {}}])
@example([{"choices": [{"delta": {"tool_calls": [{"index": True}]}}]}])
def test_any_json_decodes_or_fails(kind, bodies):
    decoder = kind()
    events = []
    for body in bodies:
        line = json.dumps(body).encode()
        events += decoder.feed((b"" if kind is OllamaDecoder else b"data: ") + line + b"\n\n")
    events += decoder.close()
    storable(decoder, events)
    for body in bodies:
        once = kind()
        storable(once, once.whole(json.dumps(body).encode()))


@pytest.mark.parametrize("kind", DECODERS)
@given(st.lists(st.binary(max_size=40), max_size=4))
@example([b"data: " + b"[" * 100_000 + b"\n\n"])
@example([b"[" * 100_000 + b"\n\n"])
@example([b'data: {"choices":[{"delta":{"content":"\xff\xfe"}}]}\n\n'])
def test_any_bytes_decode_or_fail(kind, pieces):
    sniffing = SniffingDecoder(kind())
    events = [event for piece in pieces for event in sniffing.feed(piece)] + sniffing.close()
    storable(sniffing.decoder, events)


@given(values)
def test_any_error_is_a_typed_error(value):
    error = reported_error(value)

    assert isinstance(error, ModelError)
    f"{error.message}{error.detail}".encode()


@given(st.integers(100, 599), st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()))
def test_any_status_is_a_typed_error(status, body):
    error = status_error(status, {}, body, host="h", model="m")

    assert isinstance(error, ModelError)
    f"{error.message}{error.detail}".encode()
