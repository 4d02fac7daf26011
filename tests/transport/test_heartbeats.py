"""Event streams that keep themselves alive and end with their source, their reader or their process."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from streaming.transport.drain import Drain
from streaming.transport.sse import HEARTBEAT, encode_event, heartbeating


class Source:
    def __init__(self) -> None:
        self.items: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self.closed = False

    async def __call__(self) -> AsyncGenerator[bytes]:
        try:
            while (item := await self.items.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.closed = True


async def test_silence_gives_comments_and_loses_nothing():
    source = Source()
    stream = heartbeating(source(), seconds=0.05, drain=Drain())
    source.items.put_nowait(b"one")
    assert await anext(stream) == b"one"
    assert await anext(stream) == HEARTBEAT
    assert await anext(stream) == HEARTBEAT
    source.items.put_nowait(b"two")
    source.items.put_nowait(b"three")
    source.items.put_nowait(None)
    assert [item async for item in stream if item != HEARTBEAT] == [b"two", b"three"]
    assert source.closed


async def test_reader_that_leaves_closes_the_source():
    source = Source()
    stream = heartbeating(source(), seconds=0.05, drain=Drain())
    assert await anext(stream) == HEARTBEAT
    await stream.aclose()
    assert source.closed


async def test_failure_of_the_source_is_the_streams():
    source = Source()
    stream = heartbeating(source(), seconds=5, drain=Drain())
    source.items.put_nowait(RuntimeError("on purpose"))
    with pytest.raises(RuntimeError, match="on purpose"):
        await anext(stream)
    assert source.closed


async def test_drain_ends_a_stream_that_is_silent():
    source, drain = Source(), Drain()
    stream = heartbeating(source(), seconds=5, drain=drain)
    reading = asyncio.create_task(anext(stream, b"end"))
    await asyncio.sleep(0)
    drain.begin(seconds=0)
    assert await asyncio.wait_for(reading, 30) == b"end"
    assert source.closed


def test_event_has_lf_only_and_one_data_line():
    assert encode_event(b'{"a":1}') == b'data: {"a":1}\n\n'
    assert encode_event(b"{}", event="frame", cursor="ab:1:2") == b"event: frame\nid: ab:1:2\ndata: {}\n\n"
