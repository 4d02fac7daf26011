"""One session per event loop, closed with it."""

import asyncio
import gc

from streaming.llm import close_session, sessions
from streaming.llm.sessions import shared_session


async def test_session_is_shared_within_a_loop():
    first, second = await asyncio.gather(shared_session(), shared_session())
    assert first is second

    await close_session()
    assert first.closed

    third = await shared_session()
    assert third is not first
    await close_session()
    await close_session()


def test_session_is_closed_with_its_loop():
    first, second = asyncio.run(shared_session()), asyncio.run(shared_session())

    assert first is not second
    assert first.closed
    assert second.closed
    assert not sessions._holders


def test_session_of_a_loop_that_was_not_ended_properly_is_let_go():
    loop = asyncio.new_event_loop()
    lost = loop.run_until_complete(shared_session())
    loop.close()
    assert len(sessions._holders) == 1

    asyncio.run(shared_session())

    assert not sessions._holders
    assert lost.closed
    gc.collect()
