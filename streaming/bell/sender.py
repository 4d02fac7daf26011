"""Send to a channel layer that needs an event loop, from any thread, without waiting. Knows no message.

A daemon thread with a loop of its own does the sending. What it cannot send is dropped and counted.
"""

import asyncio
import logging
import os
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger(__name__)

QUEUE = 2_000  # messages; about a second of 80 answers. The oldest is dropped: it is the stalest hint.
SEND_SECONDS = 2.0
PAUSE_SECONDS = 0.5  # after a failure, so that a Redis that is away costs no CPU

Task = tuple[Any, str, dict[str, Any]]  # layer, group, message


@dataclass(slots=True)
class Health:
    """What became of the messages of this process. `failing`: the last attempt did not get through."""

    sent: int = 0
    failed: int = 0
    dropped: int = 0
    failing: bool = False
    last_error: str = ""


class Sender:
    """Sends one message after the other from a thread that starts with the first of them."""

    def __init__(self) -> None:
        self.health = Health()
        self._lock = threading.Lock()
        self._queue: deque[Task] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._awake: asyncio.Event | None = None
        os.register_at_fork(after_in_child=self._forget_thread)

    def send(self, layer: Any, group: str, message: dict[str, Any]) -> None:
        """Have `message` sent to `group` soon, if its layer is reachable. Returns at once."""
        with self._lock:
            if len(self._queue) >= QUEUE:
                self._queue.popleft()
                self.health.dropped += 1
            self._queue.append((layer, group, message))
            if self._loop is None or self._awake is None:
                self._start()
            elif len(self._queue) == 1:
                self._loop.call_soon_threadsafe(self._awake.set)

    def _start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._awake = asyncio.Event()
        self._awake.set()
        threading.Thread(target=self._run, args=(self._loop, self._awake), name="doorbell", daemon=True).start()

    def _run(self, loop: asyncio.AbstractEventLoop, awake: asyncio.Event) -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self._send_all(awake))

    async def _send_all(self, awake: asyncio.Event) -> None:
        while True:
            await awake.wait()
            awake.clear()
            while (task := self._next()) is not None:
                await self._send(*task)

    async def _send(self, layer: Any, group: str, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await layer.group_send(group, message)
        except Exception as error:  # noqa: BLE001 - whatever a layer raises, a hint is lost and nothing else
            self._failed(error)
            await asyncio.sleep(PAUSE_SECONDS)
            self._drop_stale()
        else:
            if self.health.failing:
                logger.warning("The doorbell rings again.")
            self.health.sent += 1
            self.health.failing = False

    def _failed(self, error: Exception) -> None:
        said = f"{type(error).__name__}: {error}"
        if not self.health.failing:
            logger.warning("The doorbell cannot be rung: %s. Viewers look into the log each second.", said)
        self.health.failed += 1
        self.health.failing, self.health.last_error = True, said

    def _drop_stale(self) -> None:
        # Readers look for themselves meanwhile; what is rung next tells them the same and more.
        with self._lock:
            self.health.dropped += len(self._queue)
            self._queue.clear()

    def _next(self) -> Task | None:
        with self._lock:
            return self._queue.popleft() if self._queue else None

    def _forget_thread(self) -> None:
        # A fork copies no threads, and perhaps a lock that another thread held.
        self._lock = threading.Lock()
        self._queue = deque()
        self._loop = self._awake = None
