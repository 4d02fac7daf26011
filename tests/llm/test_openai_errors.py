"""OpenAI's format gone wrong: errors in mid-stream, broken lines, ends that are missing."""

import json

import pytest

from streaming.events import Metadata, StreamingChunk, Usage
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
from tests.support.openai_decoded import STOP, STOPPED, chunk, decoded, said
from tests.support.scripted_api import DONE


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
