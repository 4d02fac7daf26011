"""What all runs of a process say, on its way into the log: one commit a tick. Knows writers; knows no agent."""

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.db import connection

from streaming.bell import Ring, ring
from streaming.log import Appended
from streaming.models.database import AWAY
from streaming.runs.commit import Outcome, Rejected, Saying, commit
from streaming.runs.crowd import crowding
from streaming.runs.writer import RunWriter

logger = logging.getLogger(__name__)

URGENT_SECONDS = 0.005  # a thousand slow runs do not make a thousand commits a second
# With many answers at once a tick is half as long again. Each costs a row, a rendering and a frame for every answer:
# measured with 80, ticks of 33 ms cost 2.0 times a bare relay, of 50 ms 1.5, and a reader does not see the difference.
STRETCH = 0.5
GIVE_UP_SECONDS = 60.0
RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)


class GroupWriter:
    """Commits what all runs of the process have said, one tick after the other."""

    def __init__(self, *, tick_seconds: float) -> None:
        self._tick = tick_seconds
        self._dirty: dict[RunWriter, None] = {}
        self._wake = asyncio.Event()
        self._urgent = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine writer")
        self._committed_at = 0.0
        self._answers = 0.0
        self.away_since: float | None = None

    def wake(self, writer: RunWriter, *, urgent: bool) -> None:
        """`writer` has something to say; `urgent` does not wait for the tick."""
        self._dirty[writer] = None
        self._wake.set()
        if urgent:
            self._urgent.set()

    async def run(self) -> None:
        """Commit until cancelled. After an error it may be run again: nothing that was said is forgotten."""
        while True:
            await self._wake.wait()
            await self._tick_or_urgent()
            self._wake.clear()
            self._urgent.clear()
            self._committed_at = time.monotonic()
            writers = [writer for writer in self._dirty if not writer.refused]
            self._dirty.clear()
            try:
                await self._write(writers)
            except Exception:
                for writer in writers:
                    self.wake(writer, urgent=False)
                raise

    async def close(self) -> None:
        """Let the commit at hand end and leave the thread."""
        self._thread.submit(_close_connection)
        await asyncio.to_thread(self._thread.shutdown)

    @property
    def tick_seconds(self) -> float:
        """The time between two commits at the present load."""
        return self._tick * (1 + STRETCH * crowding(self._answers))

    async def _tick_or_urgent(self) -> None:
        soonest = self._committed_at + URGENT_SECONDS - time.monotonic()
        if soonest > 0:
            await asyncio.sleep(soonest)
        rest = self._committed_at + self.tick_seconds - time.monotonic()
        if rest > 0 and not self._urgent.is_set():
            try:
                async with asyncio.timeout(rest):
                    await self._urgent.wait()
            except TimeoutError:
                return

    async def _write(self, writers: Sequence[RunWriter]) -> None:
        pairs = [(writer, saying) for writer in writers if (saying := _taken(writer)) is not None]
        self._answers += (len(pairs) - self._answers) / 4  # one urgent commit is no change of load
        if not pairs:
            return
        outcomes = await self._persist([saying for _, saying in pairs])
        for (writer, _), outcome in zip(pairs, outcomes, strict=False):
            self._settle(writer, outcome)
        if outcomes:
            return
        for writer, _ in pairs:
            writer.refuse("the database was away for too long")

    def _settle(self, writer: RunWriter, outcome: Outcome) -> None:
        if not isinstance(outcome, Appended):
            broken = isinstance(outcome, Rejected)
            logger.warning("append was refused", extra={"run": writer.claim.run_id, "reason": outcome.reason})
            writer.refuse(outcome.reason, broken=broken)
            return
        if outcome.events:
            ring(Ring(outcome.batch.stream_id, outcome.epoch, outcome.events[-1].seq, outcome.events))
        writer.done(outcome)
        if writer.has_more:
            self.wake(writer, urgent=False)

    async def _persist(self, sayings: Sequence[Saying]) -> list[Outcome]:
        """Commit, again and again while the database is away; [] when that took too long."""
        loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            try:
                outcomes = await loop.run_in_executor(self._thread, partial(commit, sayings))
            except AWAY as error:
                now = time.monotonic()
                self.away_since = self.away_since or now
                logger.warning(
                    "database is away", extra={"seconds": round(now - self.away_since, 1), "error": str(error)}
                )
                if now - self.away_since > GIVE_UP_SECONDS:
                    return []
                await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
                attempt += 1
            else:
                self.away_since = None
                return outcomes


def _close_connection() -> None:
    """Give this thread's connection back. `connection.close` itself would be that of the thread which names it."""
    connection.close()


def _taken(writer: RunWriter) -> Saying | None:
    """What the writer says next. Words that cannot be encoded end their run, not the tick of all others."""
    try:
        return writer.take()
    except Exception as error:
        logger.exception("a run's words cannot be encoded", extra={"run": writer.claim.run_id})
        writer.refuse(f"{type(error).__name__}: {error}", broken=True)
        return None
