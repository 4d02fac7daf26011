"""Carry an agent that blocks or computes on a thread of its own. Knows no run, log or database."""

import asyncio
import contextvars
import logging
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import closing, nullcontext
from types import GeneratorType
from typing import Protocol

from streaming.agents.protocol import RunContext
from streaming.events import EventData

logger = logging.getLogger(__name__)

OBEY_SECONDS = 5.0  # how long an agent that was told to stop may go on
AHEAD = 256  # events an agent may be ahead of its reader


class BlockingAgent(Protocol):
    """Work that blocks: a plain function or a generator, executed on a thread of its own.

    `stop` is set when the work should end: ask it at least each second, and sleep with `stop.wait(seconds)`.
    A generator is also closed between two events. What goes on for 5 s after that is abandoned, in a process of
    the queue `work` with its process.
    """

    @property
    def name(self) -> str:
        """How people and programs name it."""

    @property
    def resumable(self) -> bool:
        """True if a run whose process ended begins anew by itself; what it had said is superseded, not kept."""

    def work(self, context: RunContext, stop: threading.Event) -> Iterable[EventData]:
        """The events of one run, never `Start` or a terminal. Raises `StreamingError`s."""


class OnThread:
    """A blocking agent as an agent. `leave` is called on the thread when the work is over, to let go of things."""

    def __init__(self, agent: BlockingAgent, *, leave: Callable[[], None] = lambda: None) -> None:
        self._agent = agent
        self._leave = leave
        self.name = agent.name
        self.resumable = agent.resumable

    async def run(self, context: RunContext) -> AsyncGenerator[EventData]:
        """What the work says. At the end, or when it is closed, the work is told to stop and waited for."""
        work = _Work(self._agent, context, self._leave)
        work.start()
        try:
            while (data := await work.next()) is not None:
                yield data
        finally:
            await work.end()


_stuck: set[threading.Thread] = set()


def is_stuck() -> bool:
    """Whether a thread of this process goes on with work that was told to stop 5 s ago or more."""
    return any(thread.is_alive() for thread in _stuck)


class _Work:
    """The thread, and what it has said that nobody has read yet."""

    def __init__(self, agent: BlockingAgent, context: RunContext, leave: Callable[[], None]) -> None:
        self._agent, self._context, self._leave = agent, context, leave
        self._loop = asyncio.get_running_loop()
        self._said: deque[EventData] = deque()
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._error: BaseException | None = None
        self._room = threading.Semaphore(AHEAD)
        self._stop = threading.Event()
        run = contextvars.copy_context().run
        self._thread = threading.Thread(target=run, args=(self._carry,), name=f"work {context.run_id}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    async def next(self) -> EventData | None:
        """The next event, None after the last. Raises what the work raised."""
        while not self._said:
            if self._over.is_set():
                if self._error is not None:
                    raise self._error
                return None
            self._news.clear()
            await self._news.wait()
        self._room.release()
        return self._said.popleft()

    async def end(self) -> None:
        """Tell the work to stop and wait for it, `OBEY_SECONDS` at most."""
        self._stop.set()
        try:
            async with asyncio.timeout(OBEY_SECONDS):
                await self._over.wait()
        except TimeoutError:
            _stuck.add(self._thread)
            logger.warning("work does not stop", extra={"run": self._context.run_id, "seconds": OBEY_SECONDS})

    def _carry(self) -> None:
        error: BaseException | None = None
        try:
            self._speak()
        except BaseException as raised:  # noqa: BLE001 - whatever the work raises, also an exit, is its run's end
            error = raised
        finally:
            self._leave()
            self._tell(self._ended, error)

    def _speak(self) -> None:
        events = self._agent.work(self._context, self._stop)
        with closing(events) if isinstance(events, GeneratorType) else nullcontext():
            for data in events:
                while not self._room.acquire(timeout=1.0):
                    if self._stop.is_set():
                        return
                if self._stop.is_set():
                    return
                self._tell(self._heard, data)

    def _tell[T](self, function: Callable[[T], None], value: T) -> None:
        try:
            self._loop.call_soon_threadsafe(function, value)
        except RuntimeError:  # the loop has ended, and with it whoever listened
            self._stop.set()

    def _heard(self, data: EventData) -> None:
        self._said.append(data)
        self._news.set()

    def _ended(self, error: BaseException | None) -> None:
        self._error = error
        self._over.set()
        self._news.set()
