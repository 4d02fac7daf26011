"""What this process needs from others, each asked for itself, briefly, and not more than once a second.

Knows what is away and what that costs people; knows no HTTP. Says nothing that a stranger may not read.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

from streaming import bell
from streaming.models.database import database_now, in_database
from streaming.runs.agents import QUEUES, STREAMS
from streaming.runs.lease import engines_alive
from streaming.runs.reap import queue_age_seconds

logger = logging.getLogger(__name__)

ANSWERS_WITHIN = 2.0  # seconds; whoever asks is mostly a balancer that waits for five
FRESH_SECONDS = 1.0
LONG_QUEUE_SECONDS = 10.0  # engines look each second: beyond that they are full, or gone

Facts = dict[str, Any]


class TroubleError(Exception):
    """It answers, and the answer is bad."""

    def __init__(self, **facts: object) -> None:
        super().__init__()
        self.facts = facts


class Check:
    """One thing to ask. `costs` says what people feel while it is away; without it nothing works meanwhile."""

    def __init__(self, name: str, ask: Callable[[], Awaitable[Facts]], *, costs: str = "") -> None:
        self.name = name
        self.is_essential = not costs
        self._ask = ask
        self._costs = costs
        self._asking: asyncio.Task[Facts] | None = None
        self._found: Facts = {}
        self._until = 0.0

    async def result(self) -> Facts:
        """`status` is "ok", "away" or "trouble", with what else is known. Never raises."""
        if time.monotonic() < self._until:
            return self._found
        # One that hangs is not asked twice: its thread would be held up twice.
        asking = self._asking = self._asking or asyncio.create_task(self._answer())
        await asyncio.wait({asking}, timeout=ANSWERS_WITHIN)
        if not asking.done():
            return self._bad("away")
        if self._asking is asking:
            self._asking, self._found = None, asking.result()
            self._until = time.monotonic() + FRESH_SECONDS
        return asking.result()

    async def _answer(self) -> Facts:
        began = time.monotonic()
        try:
            facts = await self._ask()
        except TroubleError as trouble:
            return self._bad("trouble", **trouble.facts)
        except Exception as error:  # noqa: BLE001 - whatever its client raises; the words may hold an address
            logger.debug("%s is away: %r", self.name, error)
            return self._bad("away")
        passed = time.monotonic() - began
        if passed > ANSWERS_WITHIN:
            return self._bad("away")  # whoever asked meanwhile was told so too
        return {"status": "ok", "ms": round(passed * 1000, 1), **facts}

    def _bad(self, status: str, **facts: object) -> Facts:
        return {"status": status, **facts, **({"costs": self._costs} if self._costs else {})}


def checks() -> list[Check]:
    """What a process of the present mode asks."""
    found = [
        Check("database", _database),
        Check("doorbell", _doorbell, costs="viewers look for news each second"),
        Check("engines", _engines, costs="what people ask for is kept and waits"),
        Check("queue", _queue, costs="what people ask for waits"),
    ]
    if settings.MODE.celery_broker:
        found.append(Check("broker", _broker, costs="engines look for work each second"))
    return found


async def _database() -> Facts:
    await in_database(database_now)
    return {}


async def _doorbell() -> Facts:
    await bell.hear_yourself(seconds=ANSWERS_WITHIN)
    return {}


async def _engines() -> Facts:
    """Answers need one of the queue of streams. Tasks wait without one of the other queue: not every site has tasks."""
    alive = await in_database(engines_alive)
    found: dict[str, int] = {queue: sum(engine.serves(queue) for engine in alive) for queue in QUEUES}
    if not found[STREAMS]:
        raise TroubleError(alive=len(alive), **found)
    return {"alive": len(alive), **found}


async def _queue() -> Facts:
    oldest = round(await in_database(queue_age_seconds), 1)
    if oldest > LONG_QUEUE_SECONDS:
        raise TroubleError(oldest_seconds=oldest)
    return {"oldest_seconds": oldest}


async def _broker() -> Facts:
    from streaming.tasks.broker import prove_broker

    await asyncio.to_thread(prove_broker, seconds=ANSWERS_WITHIN / 2)
    return {}
