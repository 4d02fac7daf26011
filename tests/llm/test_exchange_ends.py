"""How an exchange ends: text that came before a cut is kept, and the connection is closed or used again."""

import asyncio
from contextlib import aclosing

import pytest

from streaming.errors import StreamInterruptedError
from streaming.events import Metadata, StreamingChunk
from streaming.llm import Timeouts
from streaming.llm.errors import MalformedStreamError, ModelFailedError, StreamCutError
from tests.support.asking import ASK, KEY, failed, provider, told
from tests.support.scripted_api import HELLO, gather, pieces, text


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
    async with asyncio.timeout(45):
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
        async with asyncio.timeout(45):
            await api.asked.wait()
        task.cancel()
    async with asyncio.timeout(45):
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
    async with asyncio.timeout(45):
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

    async with asyncio.timeout(45):
        assert (await told(provider(api)))[-1] == Metadata("m-1", "stop")


async def test_timeouts_default_leaves_time_to_think():
    assert Timeouts().first_token >= 120
