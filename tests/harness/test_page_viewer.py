"""The viewer that watches under faults says so when a server repeats, skips, swaps or refuses what it owes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import WSMessage, web

from tests.support.eventually import eventually
from tests.support.page_viewer import PageViewer
from tests.support.viewer import ContractBrokenError

Play = Callable[[web.WebSocketResponse], Awaitable[object]]


def frame(first: int, last: int) -> dict[str, object]:
    return {"type": "frame", "from": first, "seq": last, "cursor": f"epoch:{last}:1"}


def frames(*spans: tuple[int, int]) -> Play:
    async def play(socket: web.WebSocketResponse) -> None:
        for span in spans:
            await socket.send_json(frame(*span))

    return play


def closing(code: int) -> Play:
    return lambda socket: socket.close(code=code)


@asynccontextmanager
async def watching(play: Play) -> AsyncIterator[PageViewer]:
    """A viewer of a server that says hello, hears where to resume, plays, and then only listens."""

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "epoch": "epoch", "head": 9})
        await socket.receive()
        await play(socket)
        async for message in socket:
            assert isinstance(message, WSMessage)
        return socket

    application = web.Application()
    application.router.add_get("/ws/c/{conversation}/", serve)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        viewer = PageViewer(f"http://{host}:{port}", "c", {}, cursor="epoch:0:1")
        watch = asyncio.create_task(viewer.watch())
        yield viewer
        watch.cancel()
    finally:
        await runner.cleanup()


async def test_frames_that_continue_each_other_are_taken():
    async with watching(frames((1, 3), (4, 4), (5, 9))) as viewer:
        await eventually(lambda: viewer.seq == 9)
        assert viewer.broken is None


@pytest.mark.parametrize(
    "play",
    [
        frames((1, 3), (4, 4), (4, 4)),
        frames((1, 3), (3, 5)),
        frames((1, 3), (5, 5)),
        frames((1, 3), (7, 9), (4, 6)),
        frames((1, 3), (4, 9), (1, 3)),
        closing(4400),
    ],
    ids=["repeated", "overlapping", "missed", "swapped", "old", "a code that is not in the contract"],
)
async def test_what_the_contract_excludes_is_seen(play: Play):
    async with watching(play) as viewer:
        await eventually(lambda: viewer.broken)
        assert isinstance(viewer.broken, ContractBrokenError)
