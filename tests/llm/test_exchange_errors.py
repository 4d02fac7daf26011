"""Model APIs that give no answer: each trouble is an error of its own, and says what to check."""

import asyncio
import socket

import pytest

from streaming.errors import InvalidInputError
from streaming.llm import ChatRequest, Parameters, connect
from streaming.llm.errors import (
    DETAIL_CHARACTERS,
    AuthenticationError,
    MissingKeyError,
    ModelUnavailableError,
    ModelUnreachableError,
    NotAStreamError,
    QuotaUsedUpError,
    RateLimitedError,
    RequestRejectedError,
    StreamCutError,
    UnknownAddressError,
    UnknownModelError,
)
from tests.support.asking import ASK, KEY, failed, provider, told
from tests.support.scripted_api import document

STATUSES = [  # status, body, the error, whether trying again may help
    (401, {"error": {"message": "Incorrect API key: " + KEY}}, AuthenticationError, False),
    (403, b"Forbidden", AuthenticationError, False),
    (404, {"error": {"message": "The model `m-1` does not exist"}}, UnknownModelError, False),
    (404, b"<html>nothing here</html>", UnknownAddressError, False),
    (405, b"no", UnknownAddressError, False),
    (302, b"", UnknownAddressError, False),
    (400, {"error": {"message": "Context too long"}}, RequestRejectedError, False),
    (422, {"detail": "Odd"}, RequestRejectedError, False),
    (402, {"error": {"message": "Insufficient balance"}}, QuotaUsedUpError, False),
    (429, {"error": {"message": "You exceeded", "code": "insufficient_quota"}}, QuotaUsedUpError, False),
    (429, {"error": {"message": "Slow down"}}, RateLimitedError, True),
    (500, b"oops", ModelUnavailableError, True),
    (503, {"error": "loading"}, ModelUnavailableError, True),
    (529, {"type": "error", "error": {"type": "overloaded_error", "message": "O"}}, ModelUnavailableError, True),
]


@pytest.mark.parametrize("kind", ["openai", "anthropic", "ollama"])
@pytest.mark.parametrize("case", STATUSES, ids=lambda case: f"{case[0]}-{case[2].code}")
async def test_status_is_a_typed_error(api, kind, case):
    status, body, error, retryable = case
    api.answers.append(document(body, status, {"Location": "http://127.0.0.1:1/"} if status == 302 else None))

    events, caught = await failed(provider(api, kind))

    assert (events, type(caught), caught.retryable, len(api.requests)) == ([], error, retryable, 1)
    assert KEY not in f"{caught!r} {caught.message} {caught.detail}"
    assert str(status) in caught.detail
    assert api.url.removeprefix("http://") in caught.message


async def test_codes_of_errors_are_their_own(api):
    codes = {error.code for _, _, error, _ in STATUSES}
    codes |= {kind.code for kind in (ModelUnreachableError, NotAStreamError, StreamCutError, MissingKeyError)}

    assert len(codes) == 7 + 4


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"Retry-After": "9" * 400}, 86400.0),
        ({"Retry-After": "soon"}, None),
        ({"retry-after-ms": "250", "Retry-After": "7"}, 0.25),
    ],
)
async def test_rate_limit_says_how_long(api, headers, seconds):
    api.answers.append(document({"error": {"message": "Slow down"}}, 429, headers))

    _, error = await failed(provider(api))

    assert error.retry_after == seconds


async def test_refused_connection_says_what_to_check():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        _, error = await failed(connect("openai", base_url=f"http://{host}/v1"))

    assert type(error) is ModelUnreachableError
    assert error.message == f"Nothing answers at {host}. Check that the model's server runs, and its address."


async def test_server_that_is_not_http_says_so():
    async def greet(_, writer):
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        _, error = await failed(connect("openai", base_url=f"http://127.0.0.1:{port}"))

    assert type(error) is NotAStreamError


async def test_connection_that_closes_at_once_is_unreachable():
    async def hang_up(_, writer):
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        _, error = await failed(connect("openai", base_url=f"http://127.0.0.1:{port}"))

    assert type(error) is ModelUnreachableError


async def test_web_page_says_so(api):
    api.answers.append(document(b"<!DOCTYPE html><p>Sign in</p>", content_type="text/html"))

    events, error = await failed(provider(api))

    assert (events, type(error)) == ([], NotAStreamError)


async def test_missing_key_is_said_before_anything_is_sent():
    for kind, name in (("openai", "OPENAI_API_KEY"), ("anthropic", "ANTHROPIC_API_KEY")):
        _, error = await failed(connect(kind))
        assert type(error) is MissingKeyError
        assert name in error.message
        with pytest.raises(MissingKeyError):
            await connect(kind).models()


async def test_anthropic_temperature_above_one_is_said_before_anything_is_sent(api):
    request = ChatRequest("c", ASK.messages, Parameters(temperature=1.5))

    with pytest.raises(InvalidInputError, match="from 0 to 1"):
        await told(provider(api, "anthropic"), request)
    assert api.requests == []


EDGES = range(DETAIL_CHARACTERS - 60, DETAIL_CHARACTERS + 1, 4)


@pytest.mark.parametrize("before", EDGES)
async def test_key_across_the_edge_of_a_detail_is_not_shown(api, before):
    said = "x" * before + KEY
    api.answers.extend([document({"error": {"message": said}}, 401), document(said.encode(), 500)])
    api.answers.append(document(b"<" + said.encode(), content_type="text/html"))
    api.answers.append(document(b"data: {" + said.encode() + b"\n\n", content_type="text/event-stream"))

    for _ in range(4):
        _, error = await failed(provider(api))
        assert "sk-" not in f"{error.message} {error.detail}"
        assert len(error.detail) <= DETAIL_CHARACTERS


@pytest.mark.parametrize("key", ["x", "none"])
async def test_key_that_is_none_is_no_secret(api, key):
    api.answers.append(document({"error": {"message": "x exists, none does"}}, 404))

    _, error = await failed(connect("openai", base_url=api.url, api_key=key))

    assert "•" not in f"{error.message} {error.detail}"
    assert error.detail == "HTTP 404: x exists, none does"
