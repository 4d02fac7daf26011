"""What an engine does more rarely in a crowd, and what it never does late."""

import asyncio
import time

import pytest

from streaming.runs.crowd import FEW, MANY, REST_SECONDS, RestingSelector, crowding


@pytest.mark.parametrize(("answers", "share"), [(0, 0), (FEW, 0), ((FEW + MANY) / 2, 0.5), (MANY, 1), (500, 1)])
def test_crowding_grows_from_few_answers_to_many(answers, share):
    assert crowding(answers) == share


def waits(answers: int, *, rounds: int = 20) -> int:
    """How many of `rounds` wake-ups from another task's socket took at least a rest."""

    async def main() -> int:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        late = 0
        for _ in range(rounds):
            writer.write(b".")
            start = time.monotonic()
            await reader.readexactly(1)
            late += time.monotonic() - start >= REST_SECONDS
        writer.close()
        await writer.wait_closed()
        return late

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    loop = asyncio.SelectorEventLoop(RestingSelector(lambda: answers))
    try:
        server = loop.run_until_complete(asyncio.start_server(echo, "127.0.0.1", 0))
        found = loop.run_until_complete(main())
        server.close()
        loop.run_until_complete(server.wait_closed())
        return found
    finally:
        loop.close()


def test_selector_lets_events_gather_in_a_crowd_and_only_there():
    assert waits(MANY) == 20
    assert waits(FEW) < 20


def test_selector_does_not_make_timers_late():
    """A timer that is due before the rest ends is not waited for any longer."""

    async def main() -> list[float]:
        took = []
        for _ in range(50):
            start = time.monotonic()
            await asyncio.sleep(0.001)
            took.append(time.monotonic() - start)
        return took

    loop = asyncio.SelectorEventLoop(RestingSelector(lambda: MANY))
    try:
        assert min(loop.run_until_complete(main())) < REST_SECONDS
    finally:
        loop.close()


def test_selector_does_not_hold_up_a_loop_that_has_work_to_do():
    async def main() -> None:
        for _ in range(1000):
            await asyncio.sleep(0)

    loop = asyncio.SelectorEventLoop(RestingSelector(lambda: MANY))
    try:
        start = time.monotonic()
        loop.run_until_complete(main())
        assert time.monotonic() - start < 1000 * REST_SECONDS
    finally:
        loop.close()
