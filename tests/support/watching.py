"""A viewer that takes in what it is sent while a test goes on."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from streaming.delivery import tails
from tests.support.viewer import Viewer


@asynccontextmanager
async def watching(viewer: Viewer, session: aiohttp.ClientSession) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A socket whose messages `viewer` takes in, all the while."""
    async with viewer.socket(session) as socket:

        async def take() -> None:
            while await viewer.take(socket):
                pass

        taking = asyncio.create_task(take())
        yield socket
        await socket.close()
        await taking


def somebody_follows() -> bool:
    """Whether a viewer has got its beginning and waits for what comes."""
    return any(held.tail._listeners for each in tails._of_loop.values() for held in each._held.values())


def text_of(viewer: Viewer) -> str:
    """What the frames have said, without their tags."""
    return re.sub(r"<[^>]+>", "", "".join(frame.get("content", "") for frame in viewer.frames))
