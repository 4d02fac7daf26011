"""Each wait has its limit, and the error says which it was."""

import asyncio
import socket
import time

import pytest

from streaming.errors import StreamInterruptedError
from streaming.events import StreamingChunk
from streaming.llm import ChatMessage, ChatRequest, ModelTimeoutError, Timeouts, connect
from tests.support.scripted_api import DONE, document, gather, pieces, text

ASK = ChatRequest("m-1", (ChatMessage("user", "Hi"),))
PING = b": ping\n\n"


def waiting(api, **limits):
    given = {"connect": 5.0, "first_token": 5.0, "between_tokens": 5.0, "whole": 5.0} | limits
    return connect("openai", base_url=api.url, timeouts=Timeouts(**given))


async def timed_out(source, request=ASK):
    events, start = [], time.monotonic()
    with pytest.raises(ModelTimeoutError) as caught:
        await gather(source.stream(request), events)
    error = caught.value
    assert isinstance(error, StreamInterruptedError)
    assert error.code == f"timeout_{error.waiting}"
    assert f"{error.seconds:g} s" in error.message
    return events, error, time.monotonic() - start


async def test_timeout_of_the_first_token_without_an_answer(api):
    api.answers.append(pieces_after(1))

    events, error, took = await timed_out(waiting(api, first_token=0.2))

    assert (events, error.waiting, error.partial_text) == ([], "first_token", "")
    assert 0.19 <= took < 20


def pieces_after(seconds):
    async def answer(request):
        await asyncio.sleep(seconds)
        return await pieces(DONE)(request)

    return answer


@pytest.mark.parametrize("steps", [[30], [PING, 0.05] * 100, [b'data: {"choices":[]}\n\n', 30]])
async def test_timeout_of_the_first_token_after_headers(api, steps):
    api.answers.append(pieces(*steps))

    events, error, took = await timed_out(waiting(api, first_token=0.3, between_tokens=0.2))

    assert (events, error.waiting) == ([], "first_token")
    assert 0.29 <= took < 20
    async with asyncio.timeout(45):
        await api.left.wait()


async def test_timeout_between_tokens_keeps_the_text(api):
    api.answers.append(pieces(text("Hel"), 0.1, text("lo"), 30))

    events, error, took = await timed_out(waiting(api, between_tokens=1.0))

    assert (events, error.waiting) == ([StreamingChunk("Hel"), StreamingChunk("lo")], "between_tokens")
    assert error.partial_text == "Hello"
    assert 1.09 <= took < 20
    async with asyncio.timeout(45):
        await api.left.wait()


async def test_pings_are_a_sign_of_life_between_tokens(api):
    api.answers.append(pieces(text("Hel"), *[0.2, PING] * 7, text("lo", "stop"), DONE))

    events = [event async for event in waiting(api, between_tokens=1.0).stream(ASK)]

    assert events[:2] == [StreamingChunk("Hel"), StreamingChunk("lo")]


async def test_timeout_of_the_whole_counts_however_lively_the_stream(api):
    api.answers.append(pieces(*[text("a"), 0.05] * 100))

    events, error, took = await timed_out(waiting(api, whole=1.0, between_tokens=30))

    assert error.waiting == "whole"
    assert error.partial_text == "a" * len(events)
    assert 1 <= len(events) <= 21
    assert 0.99 <= took < 20


async def test_timeout_of_the_whole_comes_before_the_first_token(api):
    api.answers.append(pieces(30))

    _, error, _ = await timed_out(waiting(api, whole=0.2))

    assert error.waiting == "whole"


async def test_slow_reader_is_no_slow_model(api):
    api.answers.append(pieces(text("Hel"), text("lo"), text("!", "stop"), DONE))

    events = []
    async for event in waiting(api, between_tokens=1.0, first_token=1.0).stream(ASK):
        events.append(event)
        if len(events) == 1:
            await asyncio.sleep(1.2)

    assert events[:3] == [StreamingChunk("Hel"), StreamingChunk("lo"), StreamingChunk("!")]


async def test_answer_at_once_has_the_time_of_the_whole(api):
    slow = document({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})

    async def answer(request):
        await asyncio.sleep(0.4)
        return await slow(request)

    api.answers.append(answer)
    request = ChatRequest("m-1", ASK.messages, stream=False)

    events = [event async for event in waiting(api, first_token=0.2).stream(request)]

    assert events[0] == StreamingChunk("Hi")


async def test_timeout_of_the_connection():
    """A listener that accepts nothing: its queue of one is full, further connections wait."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = []
        try:
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(address)
                fillers.append(filler)
            source = connect(
                "openai", base_url=f"http://127.0.0.1:{address[1]}", timeouts=Timeouts(connect=0.2, first_token=9)
            )
            _, error, took = await timed_out(source)
        finally:
            for filler in fillers:
                filler.close()

    assert error.waiting == "connect"
    assert 0.19 <= took < 20
