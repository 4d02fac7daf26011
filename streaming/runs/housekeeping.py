"""What has to be done by the clock, each chore in short transactions and safe to repeat. Knows no clock.

Beat has it done where there is a broker, else the engine.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from streaming.log import compact, forget_before, position
from streaming.log.compact import CompactionConflictError
from streaming.models import Engine, Event, Run, Stream
from streaming.models.database import database_now
from streaming.models.stream import PACKED

logger = logging.getLogger(__name__)

BATCH_ROWS = 500  # one write transaction stays under 50 ms
SWEPT_SECONDS = 3600
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Chore:
    """`carry_out` does it and gives the number of rows that went; `seconds` is how often it is due."""

    carry_out: Callable[[], int]
    seconds: float


def compact_ended(stream_id: int) -> int:
    """Pack what the stream holds if no run of it is being written; the number of rows replaced."""
    stream = Stream.objects.filter(pk=stream_id).first()
    if stream is None:
        return 0
    head = position(stream_id, using="default").last_seq
    if Run.objects.filter(stream_id=stream_id, state__in=(Run.State.RUNNING, Run.State.WAITING)).exists():
        return 0
    return compact(stream_id, stream.first_seq, head)


def pack_leftovers() -> int:
    """Compact what engines could not, because they died; rows replaced."""
    packed = 0
    for stream_id in streams_with_leftovers():
        try:
            packed += compact_ended(stream_id)
        except CompactionConflictError:
            logger.debug("another process packs this stream", extra={"stream": stream_id})
    return packed


def streams_with_leftovers() -> Iterator[int]:
    """Streams that hold single events of ended runs: their process died before it could pack them."""
    return _idle_streams(Event.objects.exclude(type=PACKED).exclude(run_id=None))


def forget_old_events() -> int:
    """Apply `RETENTION_DAYS` (0 keeps everything) to streams without live runs; messages stay. Rows removed."""
    days = settings.RETENTION_DAYS
    if not days:
        return 0
    before = int(time.time() * 1000) - days * DAY_MS
    return sum(forget_before(stream_id, before) for stream_id in _idle_streams(Event.objects.filter(ts__lt=before)))


def remove_expired_sessions() -> int:
    """Sessions that nobody can use any more; how many."""
    expired = Session.objects.filter(expire_date__lt=timezone.now())
    removed = 0
    while keys := list(expired.values_list("pk", flat=True)[:BATCH_ROWS]):
        removed += Session.objects.filter(pk__in=keys).delete()[0]
    return removed


def sweep_engines() -> int:
    """Rows of engines that have been dead for an hour and hold no run; how many."""
    return Engine.objects.filter(expires_at__lt=database_now() - SWEPT_SECONDS, runs=None).delete()[0]


def _idle_streams(events: "QuerySet[Event]") -> Iterator[int]:
    """The streams of `events` without live runs, some at a time, so that what is done to them is not repeated."""
    live = Run.objects.filter(state__in=Run.LIVE).values("stream_id")
    ids = events.exclude(stream_id__in=live).order_by("stream_id").values_list("stream_id", flat=True).distinct()
    last = 0
    while page := list(ids.filter(stream_id__gt=last)[:BATCH_ROWS]):
        yield from page
        last = page[-1]


CHORES = {
    "pack_leftovers": Chore(pack_leftovers, 300.0),
    "forget_old_events": Chore(forget_old_events, 3600.0),
    "remove_expired_sessions": Chore(remove_expired_sessions, 3600.0),
    "sweep_engines": Chore(sweep_engines, 900.0),
}
