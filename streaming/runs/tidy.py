"""After the last word: pack ended stretches of streams, forget by policy. Knows no live run's events."""

import asyncio
import logging
import time

from django.conf import settings
from django.db import Error

from streaming.log import compact, forget_before, position
from streaming.log.compact import CompactionConflictError
from streaming.models import Event, Run, Stream
from streaming.models.database import in_database
from streaming.models.stream import PACKED

logger = logging.getLogger(__name__)

RETENTION_LOOK_SECONDS = 3600.0
LEFTOVERS = 500


class Tidier:
    """Compacts streams whose runs have ended, one at a time, beside the engine's work."""

    def __init__(self) -> None:
        self._streams: asyncio.Queue[int] = asyncio.Queue()
        self._looked_at = 0.0

    def ended(self, stream_id: int) -> None:
        """A run of this stream has ended. Engine's loop only."""
        self._streams.put_nowait(stream_id)

    async def run(self) -> None:
        """Tidy until cancelled. Begins with what an earlier process left."""
        while True:
            try:
                if time.monotonic() - self._looked_at > RETENTION_LOOK_SECONDS or not self._looked_at:
                    self._looked_at = time.monotonic()
                    for stream_id in await in_database(streams_with_leftovers):
                        self.ended(stream_id)
                    await in_database(forget_old_events)
                async with asyncio.timeout(RETENTION_LOOK_SECONDS):
                    stream_id = await self._streams.get()
                await in_database(compact_ended, stream_id)
            except TimeoutError:
                continue
            except (Error, CompactionConflictError) as error:
                logger.warning("tidying failed; it is tried again later", extra={"error": str(error)})


def compact_ended(stream_id: int) -> int:
    """Pack what the stream holds if no run of it is being written; the number of rows replaced."""
    stream = Stream.objects.filter(pk=stream_id).first()
    if stream is None:
        return 0
    head = position(stream_id, using="default").last_seq
    if Run.objects.filter(stream_id=stream_id, state__in=(Run.State.RUNNING, Run.State.WAITING)).exists():
        return 0
    return compact(stream_id, stream.first_seq, head)


def streams_with_leftovers() -> list[int]:
    """Streams that hold single events of ended runs: their process died before it could pack them."""
    live = Run.objects.filter(state__in=Run.LIVE).values("stream_id")
    singles = Event.objects.exclude(type=PACKED).exclude(stream_id__in=live).exclude(run_id=None)
    return list(singles.values_list("stream_id", flat=True).distinct()[:LEFTOVERS])


def forget_old_events() -> int:
    """Apply `RETENTION_DAYS` (0 keeps everything) to streams without live runs; messages stay. Rows removed."""
    days = settings.RETENTION_DAYS
    if not days:
        return 0
    before = int((time.time() - days * 86_400) * 1000)
    live = Run.objects.filter(state__in=Run.LIVE).values("stream_id")
    old = Event.objects.filter(ts__lt=before).exclude(stream_id__in=live)
    return sum(forget_before(pk, before) for pk in list(old.values_list("stream_id", flat=True).distinct()[:LEFTOVERS]))
