"""What a tail asks the database. Each function is one view of it; call them through `in_database`."""

from dataclasses import dataclass

from django.db import transaction

from streaming import log
from streaming.events import StreamingEvent
from streaming.log.read import READER
from streaming.models import Run


@dataclass(frozen=True, slots=True)
class Reading:
    """A stream's epoch and head, and the events after a seq; `more`: the log holds further ones."""

    epoch: str
    head: int
    events: tuple[StreamingEvent, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Look:
    """Epochs and heads of many streams (absent ones are gone) and which of them have a live run."""

    heads: dict[int, tuple[str, int]]
    live: frozenset[int] | None


def read_after(stream_id: int, after: int) -> Reading:
    """A page of the events after `after`, with the epoch they belong to. Raises `StreamGoneError`."""
    with transaction.atomic(using=READER):
        found = log.heads([stream_id])
        if stream_id not in found:
            raise log.StreamGoneError(stream_id)
        epoch, head = found[stream_id]
        page = log.read(stream_id, after) if after < head else log.Page((), more=False)
    return Reading(epoch, head, page.events, page.more)


def look_at(stream_ids: list[int], *, runs_too: bool) -> Look:
    """Where `stream_ids` stand, in one query, and with `runs_too` a second one for their live runs."""
    with transaction.atomic(using=READER):
        heads = log.heads(stream_ids)
        live = _with_live_runs(stream_ids) if runs_too else None
    return Look(heads, live)


def _with_live_runs(stream_ids: list[int]) -> frozenset[int]:
    runs = Run.objects.using(READER).filter(stream_id__in=stream_ids, state__in=Run.LIVE)
    return frozenset(runs.values_list("stream_id", flat=True).distinct())
