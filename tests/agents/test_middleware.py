"""Middleware sees, changes and drops what a run says, and cannot take away its end."""

import asyncio

import msgspec

from streaming.events import Complete, Failed, Metadata, Progress, StreamingChunk, StreamingEventType
from tests.support.told import Scripted, one_end, told


def replacing(text):
    def middleware(event):
        if event.type == "chunk":
            return msgspec.structs.replace(event, data=StreamingChunk(text))
        return event

    return middleware


async def test_middleware_sees_changes_and_drops():
    seen = []

    async def see(event):
        await asyncio.sleep(0)
        seen.append(event.type)
        return event

    def drop_metadata(event):
        return None if event.type == "metadata" else event

    events = await told(
        agent=Scripted(StreamingChunk("a"), Metadata(), Progress(1)), middleware=[see, drop_metadata, replacing("b")]
    )

    one_end(events)
    assert [event.type for event in events] == ["start", "chunk", "progress", "complete"]
    assert events[1].data == StreamingChunk("b")
    assert seen == ["start", "chunk", "metadata", "progress", "complete"]


async def test_middleware_cannot_take_away_the_end():
    events = await told(agent=Scripted(), middleware=[lambda event: None if event.is_terminal else event])
    assert one_end(events) == Complete("stop")

    def alive(event):
        return msgspec.structs.replace(event, type=StreamingEventType.PROGRESS, data=Progress(1))

    assert one_end(
        await told(agent=Scripted(), middleware=[lambda event: alive(event) if event.is_terminal else event])
    ) == Complete("stop")


async def test_middleware_can_end_the_run():
    agent = Scripted(StreamingChunk("a"), StreamingChunk("b"), 30.0)

    def guard(event):
        if event.type == "chunk" and event.data.delta == "b":
            failed = Failed("guarded", "No b here.")
            return msgspec.structs.replace(event, type=StreamingEventType.ERROR, data=failed)
        return event

    events = await told(agent=agent, middleware=[guard])

    assert one_end(events) == Failed("guarded", "No b here.")
    assert agent.closed


async def test_middleware_that_breaks_ends_the_run():
    agent = Scripted(StreamingChunk("a"), 30.0)

    def broken(event):
        return 1 / 0 if event.type == "chunk" else event

    failed = one_end(await told(agent=agent, middleware=[broken]))

    assert (failed.code, failed.detail) == ("internal", "ZeroDivisionError")
    assert agent.closed
