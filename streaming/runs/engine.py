"""The engine: one event loop that claims runs and executes hundreds of them at a time."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from django.db import Error

from streaming.agents.blocking import is_stuck
from streaming.agents.registry import Queue
from streaming.bell import listen_for_hints
from streaming.models.database import in_database
from streaming.runs.agents import QUEUES
from streaming.runs.claim import claim_runs, held_runs
from streaming.runs.draining import drain
from streaming.runs.execute import ask_to_stop, execute
from streaming.runs.group import GIVE_UP_SECONDS, GroupWriter
from streaming.runs.holding import Held, Holding
from streaming.runs.lease import Heartbeat, end_lease, register_engine
from streaming.runs.prepare import prepare_patiently
from streaming.runs.reap import hand_over, reap_orphans
from streaming.runs.reaper import Reaper
from streaming.runs.tidy import Tidier
from streaming.runs.writer import RunWriter

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # a lost hint costs at most this
TURN_SECONDS = 0.2
RETRY_SECONDS = 1.0


class Engine:
    """Executes runs of `queues` on the loop that awaits `run`.

    `sole`: no other engine can be alive (data folder's lock). `expendable`: the process may be ended when work in it
    does not obey; another one takes its place.
    """

    def __init__(
        self,
        *,
        capacity: int,
        tick_seconds: float,
        sole: bool,
        queues: Sequence[Queue] = QUEUES,
        expendable: bool = False,
    ) -> None:
        self._capacity = capacity
        self._sole = sole
        self._queues = queues
        self._expendable = expendable
        self._holding = Holding(self._let_go)
        self._group = GroupWriter(tick_seconds=tick_seconds)
        self._look = asyncio.Event()
        self._draining = False
        self._tidier = Tidier()
        self._unfinished: list[Held] = []
        self._stuck = asyncio.Event()
        self._handing = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._turned_at = time.monotonic()
        self._heartbeat: Heartbeat | None = None
        self._id = ""
        self._reaper = Reaper()

    @property
    def load(self) -> int:
        """How many runs are being executed."""
        return len(self._holding)

    @property
    def has_room(self) -> bool:
        """Whether it could claim another run now. From any thread."""
        return not self._draining and self.load < self._capacity

    def look(self) -> None:
        """Look for queued runs now. Loop's thread only."""
        self._look.set()

    async def run(self) -> None:
        """Work until cancelled; then let go of every run, so that others find them at once."""
        engine = await in_database(register_engine, capacity=self._capacity, queues=self._queues)
        self._id = engine.pk
        self._reaper = Reaper(self._id)
        heartbeat = self._heartbeat = Heartbeat(engine, lambda: self._turned_at)
        heartbeat.start()
        try:
            if self._sole:
                await in_database(reap_orphans, reaper=self._id, sole=True)
            async with asyncio.TaskGroup() as group:
                loops = (self._turn, self._group.run, self._hear, self._claim, self._follow, self._hand, self._reap)
                for loop in (*loops, self._give_up, self._tidier.run, self._guard):
                    group.create_task(_without_end(loop))
        finally:
            heartbeat.stop()
            await self._abandon()

    async def drain(self, *, seconds: float, hurry: asyncio.Event) -> None:
        """Claim nothing more and wait for the runs at hand, for `seconds` or until `hurry` is set."""
        self._draining = True
        await drain(self._holding, claiming=self._claiming, seconds=seconds, hurry=hurry)

    async def _turn(self) -> None:
        while True:
            self._turned_at = time.monotonic()
            await asyncio.sleep(TURN_SECONDS)

    async def _hear(self) -> None:
        async with listen_for_hints() as ear:
            async for hint in ear:
                if hint.kind == "stop":
                    self._holding.stop(hint.run_id)
                if not hint.queue or hint.queue in self._queues:
                    self._look.set()

    async def _claim(self) -> None:
        while True:
            self._look.clear()
            async with self._claiming:
                await self._claim_some()
            await _set_within(self._look, LOOK_SECONDS)

    async def _claim_some(self) -> None:
        room = 0 if self._draining else self._capacity - len(self._holding)
        if room <= 0:
            return
        for claim in await in_database(claim_runs, self._id, room=room, queues=self._queues):
            writer = RunWriter(self._group, claim)
            self._holding.start(writer, execute(writer, partial(prepare_patiently, claim.run_id)))

    def _let_go(self, held: Held) -> None:
        if self._expendable and is_stuck():
            self._draining = True
            self._stuck.set()
        self._look.set()
        self._tidier.ended(held.claim.stream_id)
        error = None if held.task.cancelled() else held.task.exception()
        if error is None and not held.task.cancelled():
            return
        if held.crashed:
            logger.error("run failed outside its agent", exc_info=error, extra={"run": held.claim.run_id})
        self._unfinished.append(held)
        self._handing.set()

    async def _follow(self) -> None:
        """Follow what the database says: stops whose hint was lost, runs that others have taken over."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            mine = self._holding.all()
            async with self._claiming:  # so that every row of ours that nobody holds here is a stray one
                rows = await in_database(held_runs, self._id)
                known = {held.claim.run_id for held in (*mine, *self._holding.all(), *self._unfinished)}
            for held in filter(self._holding.holds, mine):
                row = rows.get(held.claim.run_id)
                if row is None or row.claim.fence != held.claim.fence:
                    held.writer.refuse("the run was taken over or ended elsewhere")
                elif row.stop_requested_by:
                    ask_to_stop(held.task, by=row.stop_requested_by)
            for run_id in rows.keys() - known:  # claimed with an unknown outcome, and the outcome was: yes
                await in_database(hand_over, rows[run_id].claim, engine_id=self._id)

    async def _reap(self) -> None:
        while True:
            await in_database(self._reaper.look)
            await asyncio.sleep(LOOK_SECONDS)

    async def _give_up(self) -> None:
        """Who has not reached the database for long has lost its runs: their models are not read in vain.

        Counted in looks: a process that stood still was not cut off.
        """
        assert self._heartbeat is not None
        renewed_at, missed = self._heartbeat.renewed_at, 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            missed = missed + 1 if renewed_at == self._heartbeat.renewed_at else 0
            renewed_at = self._heartbeat.renewed_at
            if missed * LOOK_SECONDS > GIVE_UP_SECONDS:
                self._holding.refuse_all("the database was away for too long")

    async def _hand(self) -> None:
        """Decide about runs that ended here without a terminal event."""
        while True:
            await self._handing.wait()
            self._handing.clear()
            for held in list(self._unfinished):
                how = {"broken": held.writer.broken, "crashed": held.crashed}
                try:
                    await in_database(hand_over, held.claim, engine_id=self._id, **how)
                except Exception as error:  # noqa: BLE001 - tried again, and the next in line does not wait for it
                    logger.warning("run was not handed over", extra={"run": held.claim.run_id, "error": repr(error)})
                else:
                    self._unfinished.remove(held)
            if self._unfinished:
                await asyncio.sleep(RETRY_SECONDS)
                self._handing.set()

    async def _guard(self) -> None:
        """End this process when work in it goes on that was told to stop: nothing else ends a thread."""
        await self._stuck.wait()
        logger.error("this process is ended, because work in it does not stop")
        await self._end_lease()
        os.kill(os.getpid(), signal.SIGKILL)

    async def _abandon(self) -> None:
        """Refuse all writers, and only then give the lease up: others go on at once, whatever the tasks still do."""
        self._holding.refuse_all("the engine stops")
        await self._end_lease()
        await self._holding.abandon()
        await self._group.close()

    async def _end_lease(self) -> None:
        try:
            await in_database(end_lease, self._id)
        except Error as error:
            logger.warning("engine lease was left to expire", extra={"error": str(error)})


async def _without_end(loop: Callable[[], Awaitable[None]]) -> None:
    """Run one of the engine's loops for ever: what goes wrong in one of them must not end all runs."""
    while True:
        try:
            await loop()
        except Error as error:
            logger.warning("database is away or refuses", extra={"loop": loop.__qualname__, "error": str(error)})
        except Exception:
            logger.exception("engine loop failed; it goes on", extra={"loop": loop.__qualname__})
        await asyncio.sleep(RETRY_SECONDS)


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
