"""Viewers come, go, stop acknowledging and lose their connection while an answer grows and doorbells get lost.

Each of them ends with what a page that loads at the end has, and took every event once and in order on the way:
the viewer itself raises at the first gap, repeat or swap.
"""

import asyncio
import itertools
import random

import aiohttp
import pytest

from streaming.models.database import in_database
from tests.support.in_process_server import in_process_server
from tests.support.live_chat import LiveChat, at_head
from tests.support.viewer import Viewer

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])

VIEWERS = 6
TICKS = 120


class Restless:
    """A viewer whose connection seldom lasts."""

    def __init__(self, viewer: Viewer, chance: random.Random) -> None:
        self.viewer = viewer
        self.chance = chance
        self.target: int | None = None
        self.connections = 0

    def has_all(self) -> bool:
        return self.target is not None and self.viewer.seq >= self.target

    async def watch(self) -> None:
        async with aiohttp.ClientSession() as session:
            while not self.has_all():
                self.connections += 1
                try:
                    async with asyncio.timeout(self.chance.uniform(0.05, 1.5)):
                        await self._once(session)
                except TimeoutError:
                    continue

    async def _once(self, session: aiohttp.ClientSession) -> None:
        self.viewer.acknowledging = self.chance.random() < 0.8
        if self.chance.random() < 0.3:
            await self.viewer.follow_sse(lambda _: self.has_all())
            return
        async with self.viewer.socket(session) as socket:
            while not self.has_all() and await self.viewer.take(socket):
                pass


@pytest.mark.parametrize("seed", range(3))
async def test_restless_viewers_end_with_everything_once_and_in_order(transactional_db, seed):
    chance = random.Random(seed)
    url = in_process_server()
    chat = await in_database(LiveChat)
    watchers = [Restless(await at_head(url, chat), random.Random(f"{seed} {n}")) for n in range(VIEWERS)]
    start = watchers[0].viewer.seq
    tasks = [asyncio.create_task(watcher.watch()) for watcher in watchers]
    for n in range(TICKS):
        await chat.say(f"w{n} ", ring=chance.random() < 0.7)
        await asyncio.sleep(chance.choice([0, 0.01, 0.03]))
    end = await in_database(chat.speaker.end)
    for watcher in watchers:
        watcher.target = end
    async with asyncio.timeout(120):
        await asyncio.gather(*tasks)
    for watcher in watchers:
        viewer = watcher.viewer
        assert not viewer.resets, "continuity could be proven all the time"
        ranges = [(frame["from"], frame["seq"]) for frame in viewer.frames]
        assert ranges[0][0] == start + 1
        assert all(before[1] + 1 == after[0] for before, after in itertools.pairwise(ranges))
        assert viewer.seq == end
    assert sum(watcher.connections for watcher in watchers) > VIEWERS
