"""Start and stop this process's engine on a thread of its own. Knows no web server and no Celery."""

import asyncio
import logging
import threading
from collections.abc import Sequence
from contextlib import suppress

from django.conf import settings
from django.db import Error

from streaming.agents.registry import Queue
from streaming.llm.sessions import close_session
from streaming.models.database import in_database
from streaming.runs.agents import QUEUES, STREAMS
from streaming.runs.connections import refresh_catalogs, sync_environment
from streaming.runs.crowd import RestingSelector
from streaming.runs.engine import Engine

logger = logging.getLogger(__name__)

CATALOG_SECONDS = 300.0
STARTS_WITHIN = 30.0
STOPS_WITHIN = 15.0
RESTART_SECONDS = 2.0


class EngineService:
    """An engine, its loop and its thread. Start once, stop once."""

    def __init__(
        self,
        *,
        sole_owner: bool,
        capacity: int | None = None,
        queues: Sequence[Queue] = QUEUES,
        expendable: bool = False,
    ) -> None:
        self._sole = sole_owner
        self._capacity = capacity or settings.ENGINE_CAPACITY
        self._queues = queues
        self._expendable = expendable
        self._leaving: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._drain_seconds = 0.0
        self._failed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine: Engine | None = None
        self._main: asyncio.Task[None] | None = None
        self._stopping = False
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def begin(self) -> "EngineService":
        """Begin to execute runs; returns at once."""
        self._thread.start()
        return self

    def start(self) -> "EngineService":
        """Begin to execute runs; returns when the engine's loop runs. Raises `RuntimeError` when it does not."""
        self.begin()
        if not self._ready.wait(STARTS_WITHIN) or self._failed:
            raise RuntimeError("The engine did not start. The log says why.")
        return self

    def look(self) -> bool:
        """Look for queued runs now; False when there is no room for one. From any thread."""
        if self._loop is None or self._engine is None:
            return False
        with suppress(RuntimeError):  # it has ended meanwhile
            self._loop.call_soon_threadsafe(self._engine.look)
        return self._engine.has_room

    def begin_stop(self, *, drain_seconds: float = 0.0) -> None:
        """Claim nothing more, let runs end for up to `drain_seconds`, hand the rest over. Once more: hand over now.

        Returns at once. From any thread, and from a signal's handler.
        """
        if not self._stopping:
            self._drain_seconds = drain_seconds
        self._stopping = True
        if self._loop is None or self._main is None:
            return
        with suppress(RuntimeError):  # it has ended meanwhile
            self._loop.call_soon_threadsafe(self._leave)

    def stop(self, *, drain_seconds: float = 0.0) -> None:
        """`begin_stop`, unless that has been done, and wait until it is over. From any other thread."""
        if not self._stopping:
            self.begin_stop(drain_seconds=drain_seconds)
        if not self._thread.is_alive() or self._main is None:
            return
        self._thread.join(self._drain_seconds + STOPS_WITHIN)
        if self._thread.is_alive():
            logger.error("engine did not stop", extra={"seconds": STOPS_WITHIN})

    def _leave(self) -> None:
        if self._leaving is not None:
            self._hurry.set()
            return
        self._leaving = asyncio.create_task(self._drain_and_end())

    async def _drain_and_end(self) -> None:
        assert self._main is not None
        try:
            if self._drain_seconds and self._engine:
                await self._engine.drain(seconds=self._drain_seconds, hurry=self._hurry)
        finally:
            self._main.cancel()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve(), loop_factory=lambda: asyncio.SelectorEventLoop(RestingSelector(self._load)))
        except asyncio.CancelledError:
            logger.info("engine stopped")
        except BaseException:
            self._failed = True
            logger.exception("engine failed")
        finally:
            self._ready.set()

    def _load(self) -> int:
        return self._engine.load if self._engine else 0

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        await self._know_environment()
        catalogs = asyncio.create_task(_keep_catalogs()) if STREAMS in self._queues else None
        try:
            while not self._stopping:
                await self._run_engine()
        finally:
            if catalogs is not None:
                catalogs.cancel()
            await close_session()

    async def _know_environment(self) -> None:
        """A database that is away when the process starts is waited for, and so are its tables."""
        while True:
            try:
                await in_database(sync_environment)
            except Error as error:
                logger.warning(
                    "the database is away or not set up; the engine waits for it", extra={"error": str(error)}
                )
                self._ready.set()
                await asyncio.sleep(RESTART_SECONDS)
            else:
                return

    async def _run_engine(self) -> None:
        """One engine's life. What it could not survive is said, and another one takes its place."""
        self._engine = Engine(
            capacity=self._capacity,
            tick_seconds=settings.TICK_MS / 1000,
            sole=self._sole,
            queues=self._queues,
            expendable=self._expendable,
        )
        self._ready.set()
        try:
            await self._engine.run()
        except (Exception, BaseExceptionGroup):
            logger.exception("engine failed; another one is started")
            if not self._stopping:
                await asyncio.sleep(RESTART_SECONDS)


async def _keep_catalogs() -> None:
    while True:
        try:
            await refresh_catalogs()
        except Exception:
            logger.exception("models could not be listed")
        await asyncio.sleep(CATALOG_SECONDS)


_service: EngineService | None = None


def start(*, sole_owner: bool) -> EngineService:
    """Start this process's engine. `sole_owner`: a lock proves that no other engine is alive."""
    global _service  # noqa: PLW0603 - one engine per process
    if _service is None:
        _service = EngineService(sole_owner=sole_owner).start()
    return _service


def begin(*, queues: Sequence[Queue], capacity: int | None = None, expendable: bool = False) -> None:
    """Start this process's engine beside others, without waiting for it: it waits for its database by itself."""
    global _service  # noqa: PLW0603 - one engine per process
    if _service is None:
        _service = EngineService(sole_owner=False, queues=queues, capacity=capacity, expendable=expendable).begin()


def begin_stop(*, drain_seconds: float) -> None:
    """Begin to stop this process's engine, if there is one; once more: without waiting for its runs."""
    if _service is not None:
        _service.begin_stop(drain_seconds=drain_seconds)


def stop(*, drain_seconds: float = 0.0) -> None:
    """Stop this process's engine, if there is one."""
    global _service  # noqa: PLW0603 - one engine per process
    if _service is not None:
        _service.stop(drain_seconds=drain_seconds)
        _service = None


def look() -> bool:
    """Let this process's engine look for queued runs now; False when it has no room or there is none."""
    return _service is not None and _service.look()
