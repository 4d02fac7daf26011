"""Turn an ended stretch of a stream into a few rows that read the same. Knows no run's state."""

from collections.abc import Sequence

from django.db import connection, transaction

from streaming.events import StreamingEvent
from streaming.log.packing import pack, rows_of
from streaming.log.read import read
from streaming.models.stream import PACKED, Event

BATCH_ROWS = 1_000  # one write transaction stays under 50 ms


def compact(stream_id: int, first: int, last: int) -> int:
    """Pack the single events from `first` to `last` (seqs); the number of rows that were replaced.

    The caller knows that no writer will touch this stretch any more. Reads stay identical throughout:
    each replacement is one transaction.
    """
    replaced, after = 0, first - 1
    while after < last:
        events = [event for event in _singles(stream_id, after, last) if event.seq <= last]
        if not events:
            break
        for group in rows_of(events):
            replaced += _replace(stream_id, group)
        after = events[-1].seq
    return replaced


def _singles(stream_id: int, after: int, last: int) -> tuple[StreamingEvent, ...]:
    start = (
        Event.objects.filter(stream_id=stream_id, seq__gt=after, seq__lte=last)
        .exclude(type=PACKED)
        .order_by("seq")
        .values_list("seq", flat=True)
        .first()
    )
    if start is None:
        return ()
    barrier = (
        Event.objects.filter(stream_id=stream_id, seq__gt=start, type=PACKED)
        .order_by("seq")
        .values_list("first_seq", flat=True)
        .first()
    )
    events = read(stream_id, start - 1, using="default", rows=BATCH_ROWS).events
    return tuple(event for event in events if barrier is None or event.seq < barrier)


def _replace(stream_id: int, group: Sequence[StreamingEvent]) -> int:
    first, last = group[0], group[-1]
    body = pack(group)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM streaming_event WHERE stream_id = %s AND seq >= %s AND seq <= %s",
            [stream_id, first.seq, last.seq],
        )
        removed: int = cursor.rowcount
        if removed != len(group):
            raise CompactionConflictError(stream_id, first.seq, last.seq)
        Event.objects.create(stream_id=stream_id, seq=last.seq, first_seq=first.seq, ts=last.ts, type=PACKED, body=body)
    return removed


class CompactionConflictError(RuntimeError):
    """Another process packed this stretch first; nothing was changed."""
