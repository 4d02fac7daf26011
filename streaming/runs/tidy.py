"""Beside the engine's work: pack what has ended, and do the chores where no beat does. Knows no live run's events."""

import asyncio
import logging
import time

from django.conf import settings
from django.db import Error

from streaming.log.compact import CompactionConflictError
from streaming.models.database import in_database
from streaming.runs.housekeeping import CHORES, Chore, compact_ended

logger = logging.getLogger(__name__)

LOOK_SECONDS = 60.0


class Tidier:
    """Compacts streams whose runs have ended, one at a time."""

    def __init__(self) -> None:
        self._streams: asyncio.Queue[int] = asyncio.Queue()
        chores = () if settings.MODE.celery_broker else CHORES.values()
        self._due: dict[Chore, float] = dict.fromkeys(chores, 0.0)

    def ended(self, stream_id: int) -> None:
        """A run of this stream has ended. Engine's loop only."""
        self._streams.put_nowait(stream_id)

    async def run(self) -> None:
        """Tidy until cancelled. Every chore is due at first: an earlier process may have left something."""
        while True:
            try:
                await self._do_chores()
                async with asyncio.timeout(LOOK_SECONDS):
                    stream_id = await self._streams.get()
                await in_database(compact_ended, stream_id)
            except TimeoutError:
                continue
            except (Error, CompactionConflictError) as error:
                logger.warning("tidying failed; it is tried again later", extra={"error": str(error)})

    async def _do_chores(self) -> None:
        for chore, due in self._due.items():
            if time.monotonic() >= due:
                self._due[chore] = time.monotonic() + chore.seconds
                await in_database(chore.carry_out)
