"""What a tail asks the database. Each function is one view of it; call them through `in_database`."""

from dataclasses import dataclass

from django.db import transaction

from streaming import log
from streaming.events import StreamingEvent
from streaming.log import Cursor
from streaming.log.read import NO_TIME, READER
from streaming.models import Run


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a stream ends, and the events after a seq. `continues`: as far as known, what came before is the same.

    It is not after the database was put back to an earlier state and went on from there with other events.
    """

    now: Cursor
    events: tuple[StreamingEvent, ...]
    continues: bool


@dataclass(frozen=True, slots=True)
class Look:
    """Where many streams end (absent ones are gone) and which of them have a live run."""

    heads: dict[int, Cursor]
    live: frozenset[int] | None


def read_after(stream_id: int, after: int, ts: int = NO_TIME) -> Reading:
    """A page of the events after `after`, whose own time was `ts` when it was read. Raises `StreamGoneError`."""
    with transaction.atomic(using=READER):
        now = log.heads([stream_id]).get(stream_id)
        if now is None:
            raise log.StreamGoneError(stream_id)
        if after >= now.seq:
            return Reading(now, (), after > now.seq or same_time(ts, now.ts))
        first, *others = log.read(stream_id, max(after - 1, 0)).events or (None,)
    if first is None or first.seq != after:
        return Reading(now, (first, *others) if first else (), continues=True)
    return Reading(now, tuple(others), same_time(ts, first.ts))


def look_at(stream_ids: list[int], *, runs_too: bool) -> Look:
    """Where `stream_ids` stand, in one query, and with `runs_too` a second one for their live runs."""
    with transaction.atomic(using=READER):
        heads = log.heads(stream_ids)
        live = _with_live_runs(stream_ids) if runs_too else None
    return Look(heads, live)


def same_time(known: int, found: int) -> bool:
    """Whether two times under one number are of one event, as far as can be told."""
    return NO_TIME in {known, found} or known == found


def _with_live_runs(stream_ids: list[int]) -> frozenset[int]:
    runs = Run.objects.using(READER).filter(stream_id__in=stream_ids, state__in=Run.LIVE)
    return frozenset(runs.values_list("stream_id", flat=True).distinct())
