"""Redis is killed, stands still, comes back: viewers get every word within moments, and `/readyz` tells the truth."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from deploy.cluster.redis import Redis
from tests.support.model_server import ModelServer
from tests.support.person import Person
from tests.support.readiness import readiness
from tests.support.scripts import Gate, Script, spoken
from tests.support.server import ChatServer, running_server
from tests.support.viewer import Viewer
from tests.support.waiting import until

pytestmark = [pytest.mark.faults, pytest.mark.hosted]
QUICK = 0.5  # seconds from the log to the viewer; by looking alone it would be up to one, and on average half of it
SLOW = 3 * 1.0  # three times the second between two looks
ALL_WELL = dict.fromkeys(("database", "doorbell", "engines", "queue", "broker"), "ok")


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    with Redis(tmp_path) as redis:
        yield redis


@pytest.fixture
def server(folder: Path, environment: dict[str, str], redis: Redis) -> Iterator[ChatServer]:
    hosted = {**environment, "REDIS_URL": redis.url, "SECRET_KEY": "only-for-tests-" * 3}
    with running_server(folder, environment=hosted) as server:
        yield server


@dataclass
class TimedViewer(Viewer):
    """Knows how long each frame was under way: seconds from the commit of its last event to its arrival."""

    delays: list[float] = field(default_factory=list)

    async def _take(self, body: dict[str, Any], socket: aiohttp.ClientWebSocketResponse | None) -> None:
        await super()._take(body, socket)
        if body["type"] == "frame":
            self.delays.append(time.time() - int(body["cursor"].split(":")[2]) / 1000)


def quick_again(viewer: TimedViewer) -> bool:
    """Ten frames in a row came by the doorbell: none waited for the next look."""
    return len(viewer.frames) >= 10 and max(viewer.delays[-10:]) < QUICK


@pytest.mark.parametrize("fault", ["killed", "stands still"])
async def test_viewers_go_on_while_redis_is_away_and_are_quick_again_when_it_is_back(
    server: ChatServer, redis: Redis, models: ModelServer, fault: str
):
    words = [f"w{n:05d} " for n in range(2000)]
    models.answer("on and on", Script([*spoken(words, pause=0.1), Gate()]))
    person = await asyncio.to_thread(Person, server)
    conversation, run = await asyncio.to_thread(person.start, "on and on")
    viewer = TimedViewer(server.url, conversation, person.cookies)
    following = asyncio.create_task(viewer.follow(lambda _one: False, seconds=280))

    def wait(condition, what: str, seconds: float = 60):
        return asyncio.to_thread(until, condition, what, seconds=seconds)

    await wait(lambda: quick_again(viewer), "the doorbell is heard")
    # On a busy machine a check may take too long for once.
    await wait(lambda: readiness(server.url) == ("ready", ALL_WELL), "it is told that all is well")

    (redis.kill if fault == "killed" else redis.pause)()
    seen = len(viewer.frames)
    away = ("degraded", {**ALL_WELL, "doorbell": "away", "broker": "away"})
    await wait(lambda: readiness(server.url) == away, "it is told that Redis is away, and nothing else")
    await wait(lambda: len(viewer.frames) >= seen + 5, "viewers go on")
    assert "sessionid" in await asyncio.to_thread(server.sign_in, "bob")
    assert max(viewer.delays[seen:]) < SLOW

    (redis.start if fault == "killed" else redis.resume)()
    await wait(lambda: readiness(server.url)[0] == "ready", "it is told that all is well again")
    await wait(lambda: quick_again(viewer), "the doorbell is heard again")
    await asyncio.to_thread(person.stop, run)
    await wait(lambda: server.log.run(run).state == "cancelled", "the run is stopped")
    following.cancel()
    assert not viewer.resets[1:]
