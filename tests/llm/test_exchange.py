"""Model APIs over real HTTP: what arrives, what goes wrong, and what is closed when."""

import asyncio
import json
import socket
from contextlib import aclosing

import pytest

from streaming.errors import InvalidInputError, StreamInterruptedError
from streaming.events import Metadata, StreamingChunk, Usage
from streaming.llm import ChatMessage, ChatRequest, Parameters, Timeouts, Tool, connect
from streaming.llm.errors import (
    AuthenticationError,
    MalformedStreamError,
    MissingKeyError,
    ModelError,
    ModelFailedError,
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
from tests.support.scripted_api import DONE, HELLO, document, gather, pieces, text

KEY = "sk-very-secret-1234"
ASK = ChatRequest("m-1", (ChatMessage("user", "Hi"),))


def provider(api, kind="openai", **options):
    return connect(kind, base_url=api.url, api_key=KEY, **options)


async def told(source, request=ASK):
    return [event async for event in source.stream(request)]


async def failed(source, request=ASK):
    events = []
    with pytest.raises(ModelError) as caught:
        await gather(source.stream(request), events)
    return events, caught.value


async def test_openai_answers(api):
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'
    api.answers.append(pieces(text("Hel"), text("lo", "stop"), usage, DONE))

    assert await told(provider(api)) == [
        StreamingChunk("Hel"),
        StreamingChunk("lo"),
        Metadata("m-1", "stop", Usage(1, 2)),
    ]
    [(method, path, headers, body)] = api.requests
    assert (method, path, headers["Authorization"]) == ("POST", "/chat/completions", f"Bearer {KEY}")
    assert body == {
        "model": "m-1",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_anthropic_answers(api):
    events = [
        {"type": "message_start", "message": {"model": "c", "usage": {"input_tokens": 3}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hel"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
        {"type": "message_stop"},
    ]
    api.answers.append(pieces(*(f"event: x\ndata: {json.dumps(event)}\n\n".encode() for event in events)))
    request = ChatRequest("c", (ChatMessage("system", "Be kind."), ChatMessage("user", "Hi")))

    assert await told(provider(api, "anthropic"), request) == [
        StreamingChunk("Hel"),
        StreamingChunk("lo"),
        Metadata("c", "stop", Usage(3, 4)),
    ]
    [(_, path, headers, body)] = api.requests
    assert (path, headers["x-api-key"], headers["anthropic-version"]) == ("/v1/messages", KEY, "2023-06-01")
    assert body == {
        "model": "c",
        "max_tokens": 8192,
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "system": "Be kind.",
    }


async def test_ollama_answers(api):
    lines = (
        b'{"model":"o","message":{"role":"assistant","content":"Hi"},"done":false}\n',
        b'{"model":"o","message":{"content":""},"done":true,"done_reason":"stop","eval_count":1}\n',
    )
    api.answers.append(pieces(*lines, content_type="application/x-ndjson"))

    parameters = Parameters(0.5, 9, 0.9, stop=("x",))
    assert await told(provider(api, "ollama"), ChatRequest("o", ASK.messages, parameters)) == [
        StreamingChunk("Hi"),
        Metadata("o", "stop", Usage(None, 1)),
    ]
    [(_, path, _, body)] = api.requests
    assert path == "/api/chat"
    assert body["options"] == {"temperature": 0.5, "num_predict": 9, "top_p": 0.9, "stop": ["x"]}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("openai", {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}),
        ("anthropic", {"type": "message", "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"}),
        ("ollama", {"message": {"content": "Hi"}, "done": True, "done_reason": "stop"}),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
async def test_model_that_does_not_stream_still_answers(api, kind, body, stream):
    api.answers.append(document(body))

    events = await told(provider(api, kind), ChatRequest("m-1", ASK.messages, stream=stream))

    assert (events[0], events[-1].finish_reason) == (StreamingChunk("Hi"), "stop")
    assert api.bodies[0]["stream"] is stream


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        ("stream", {"message": "Unsupported value", "param": "stream", "code": "unsupported_value"}),
        ("stream_options", {"message": "extra fields not permitted: 'stream_options'"}),
        ("max_tokens", {"message": "Use 'max_completion_tokens' instead.", "param": "max_tokens"}),
    ],
)
async def test_openai_does_without_what_a_server_refuses(api, refused, error):
    api.answers.extend([document({"error": error}, 400), pieces(*HELLO)])
    request = ChatRequest("m-1", ASK.messages, Parameters(max_tokens=7))

    assert (await told(provider(api), request))[0] == StreamingChunk("Hel")

    first, second = api.bodies
    assert first[refused]
    assert not second.get(refused)
    assert (second.get("max_tokens"), second.get("max_completion_tokens")) == (
        (None, 7) if refused == "max_tokens" else (7, None)
    )


async def test_openai_raises_what_it_cannot_do_without(api):
    api.answers.append(document({"error": {"message": "Bad tool", "param": "tools"}}, 400))

    _, error = await failed(provider(api), ChatRequest("m-1", ASK.messages, tools=(Tool("t"),)))

    assert (type(error), error.param, len(api.requests)) == (RequestRejectedError, "tools", 1)


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


async def test_cut_in_mid_token_keeps_the_text(api):
    api.answers.append(pieces(text("Hel"), text("lo"), text(" world")[:20], 0.05, "cut"))

    events, error = await failed(provider(api))

    assert events == [StreamingChunk("Hel"), StreamingChunk("lo")]
    assert (type(error), error.partial_text) == (StreamCutError, "Hello")
    assert isinstance(error, StreamInterruptedError)


async def test_cut_gives_what_had_arrived_while_nobody_read(api):
    arrived = asyncio.Event()
    api.answers.append(pieces(text("Hel"), arrived, text("lo"), text(" world"), 0.05, "cut"))

    async def read_slowly():
        async for event in provider(api).stream(ASK):
            yield event
            if not arrived.is_set():
                arrived.set()
                await api.left.wait()
                await asyncio.sleep(0.1)  # the reset crosses the loopback

    events = []
    with pytest.raises(StreamCutError) as caught:
        await gather(read_slowly(), events)
    assert events == [StreamingChunk("Hel"), StreamingChunk("lo"), StreamingChunk(" world")]
    assert caught.value.partial_text == "Hello world"


async def test_end_without_finish_is_a_cut(api):
    api.answers.append(pieces(text("Hel")))

    events, error = await failed(provider(api))

    assert (events, type(error), error.partial_text) == ([StreamingChunk("Hel")], StreamCutError, "Hel")


async def test_cut_after_the_finish_does_no_harm(api):
    api.answers.append(pieces(text("Hello", "stop"), 0.05, "cut"))

    assert await told(provider(api)) == [StreamingChunk("Hello"), Metadata("m-1", "stop")]


async def test_error_in_mid_stream_keeps_the_text(api):
    api.answers.append(pieces(text("Hel"), b'data: {"error":{"message":"Broke: ' + KEY.encode() + b'"}}\n\n'))

    events, error = await failed(provider(api))

    assert (events, type(error), error.partial_text) == ([StreamingChunk("Hel")], ModelFailedError, "Hel")
    assert error.detail == "Broke: •••"
    assert KEY not in str(error)


async def test_endless_line_ends(api):
    api.answers.append(pieces(text("Hel"), *[b"data: " + b"x" * 2**20] * 6, 30))

    events, error = await failed(provider(api))

    assert (events, type(error), error.partial_text) == ([StreamingChunk("Hel")], MalformedStreamError, "Hel")
    async with asyncio.timeout(5):
        await api.left.wait()


@pytest.mark.parametrize("begun", [True, False])
async def test_closing_the_stream_closes_the_connection(api, begun):
    api.answers.append(pieces(*([text("Hel")] if begun else []), 30))

    async def read():
        async with aclosing(provider(api).stream(ASK)) as events:
            async for _ in events:
                break
            else:
                pytest.fail("the stream ended")

    task = asyncio.create_task(read())
    if not begun:
        async with asyncio.timeout(5):
            await api.asked.wait()
        task.cancel()
    async with asyncio.timeout(5):
        await api.left.wait()
        await asyncio.wait([task])
    assert task.cancelled() is not begun


async def test_cancelling_in_mid_stream_closes_the_connection(api):
    api.answers.append(pieces(text("Hel"), 30))
    first = asyncio.Event()

    async def read():
        async for _ in provider(api).stream(ASK):
            first.set()

    task = asyncio.create_task(read())
    await first.wait()
    task.cancel()
    async with asyncio.timeout(5):
        await api.left.wait()


async def test_connection_is_used_again(api):
    ports = set()

    async def answer(request):
        ports.add(request.transport.get_extra_info("peername"))
        return await pieces(*HELLO, 0.01)(request)  # the end comes after the last event

    api.answers.append(answer)
    source = provider(api)
    for _ in range(3):
        assert await told(source) == [StreamingChunk("Hel"), StreamingChunk("lo"), Metadata("m-1", "stop")]

    assert len(ports) == 1


async def test_server_that_keeps_the_connection_open_does_not_delay_the_end(api):
    api.answers.append(pieces(*HELLO, 30))

    async with asyncio.timeout(2):
        assert (await told(provider(api)))[-1] == Metadata("m-1", "stop")


async def test_many_streams_at_once_keep_their_histories_apart(api):
    async def echo(request):
        prompt = (await request.json())["messages"][-1]["content"]
        return await pieces(text(prompt), 0.02, text("!", "stop"), DONE)(request)

    api.answers.append(echo)
    source = provider(api)

    answers = await asyncio.gather(
        *(told(source, ChatRequest("m-1", (ChatMessage("user", f"p{number}"),))) for number in range(50))
    )

    assert [events[0].delta for events in answers] == [f"p{number}" for number in range(50)]


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


async def test_prompt_of_a_megabyte_arrives(api):
    api.answers.append(pieces(*HELLO))
    prompt = "é\n" * 350_000

    await told(provider(api), ChatRequest("m-1", (ChatMessage("user", prompt),)))

    assert api.bodies[0]["messages"][0]["content"] == prompt


async def test_timeouts_default_leaves_time_to_think():
    assert Timeouts().first_token >= 120
