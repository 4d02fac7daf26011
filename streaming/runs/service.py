"""Start and stop this process's engine on a thread of its own. Knows no web server and no Celery."""

import asyncio
import logging
import threading
from contextlib import suppress

from django.conf import settings

from streaming.llm.sessions import close_session
from streaming.models.database import in_database
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

    def __init__(self, *, sole_owner: bool, capacity: int | None = None) -> None:
        self._sole = sole_owner
        self._capacity = capacity or settings.ENGINE_CAPACITY
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine: Engine | None = None
        self._main: asyncio.Task[None] | None = None
        self._stopping = False
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> "EngineService":
        """Begin to execute runs; returns when the engine's loop runs. Raises `RuntimeError` when it does not."""
        self._thread.start()
        if not self._ready.wait(STARTS_WITHIN) or self._main is None:
            raise RuntimeError("The engine did not start. The log says why.")
        return self

    def look(self) -> None:
        """Look for queued runs now. From any thread."""
        if self._loop and self._engine:
            with suppress(RuntimeError):  # it has ended meanwhile
                self._loop.call_soon_threadsafe(self._engine.look)

    def stop(self, *, drain_seconds: float = 0.0) -> None:
        """Claim nothing more, let runs end for up to `drain_seconds`, hand the rest over. From any other thread."""
        if self._loop is None or self._main is None or not self._thread.is_alive():
            return
        self._stopping = True
        with suppress(RuntimeError):  # it has ended meanwhile
            if drain_seconds and self._engine:
                draining = asyncio.run_coroutine_threadsafe(self._engine.drain(seconds=drain_seconds), self._loop)
                with suppress(TimeoutError):
                    draining.result(drain_seconds + STOPS_WITHIN)
            self._loop.call_soon_threadsafe(self._main.cancel)
        self._thread.join(STOPS_WITHIN)
        if self._thread.is_alive():
            logger.error("engine did not stop", extra={"seconds": STOPS_WITHIN})

    def _run(self) -> None:
        try:
            asyncio.run(self._serve(), loop_factory=lambda: asyncio.SelectorEventLoop(RestingSelector(self._load)))
        except asyncio.CancelledError:
            logger.info("engine stopped")
        except BaseException:
            logger.exception("engine failed")
        finally:
            self._ready.set()

    def _load(self) -> int:
        return self._engine.load if self._engine else 0

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await in_database(sync_environment)
        self._main = asyncio.current_task()
        catalogs = asyncio.create_task(_keep_catalogs())
        try:
            while not self._stopping:
                await self._run_engine()
        finally:
            catalogs.cancel()
            await close_session()

    async def _run_engine(self) -> None:
        """One engine's life. What it could not survive is said, and another one takes its place."""
        self._engine = Engine(capacity=self._capacity, tick_seconds=settings.TICK_MS / 1000, sole=self._sole)
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


def stop(*, drain_seconds: float = 0.0) -> None:
    """Stop this process's engine, if there is one."""
    global _service  # noqa: PLW0603 - one engine per process
    if _service is not None:
        _service.stop(drain_seconds=drain_seconds)
        _service = None


def look() -> None:
    """Let this process's engine, if there is one, look for queued runs now."""
    if _service is not None:
        _service.look()
