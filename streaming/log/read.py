"""Read a stream after a cursor. Knows no viewer."""

from dataclasses import dataclass
from typing import Any

from django.db import connections

from streaming.events import StreamingEvent, StreamingEventType, decode_data
from streaming.log.cursor import Cursor, Position
from streaming.log.packing import unpack
from streaming.models.stream import PACKED

PAGE_ROWS = 256  # of single events a page is some 30 kB; of packed rows at most 8 MB
READER = "reader"
NO_TIME = -1  # of an event that is not there (any more)


class StreamGoneError(LookupError):
    """The stream does not exist (any more)."""


@dataclass(frozen=True, slots=True)
class Page:
    """Events in order of `seq`. `more`: the log may hold further ones already."""

    events: tuple[StreamingEvent, ...]
    more: bool


def read(stream_id: int, after: int, *, using: str = READER, rows: int = PAGE_ROWS) -> Page:
    """The events that follow `after`, at most about `rows` rows of them."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT seq, first_seq, ts, type, run_id, attempt, body FROM streaming_event"
            " WHERE stream_id = %s AND seq > %s ORDER BY seq LIMIT %s",
            [stream_id, after, rows],
        )
        found = cursor.fetchall()
    return Page(tuple(event for row in found for event in _events(row, after)), len(found) == rows)


def read_all(stream_id: int, after: int, until: int, *, using: str = READER) -> list[StreamingEvent]:
    """All events after `after` up to and with `until`."""
    events: list[StreamingEvent] = []
    while after < until:
        page = read(stream_id, after, using=using)
        events += [event for event in page.events if event.seq <= until]
        if not page.more or not page.events:
            break
        after = page.events[-1].seq
    return events


def position(stream_id: int, *, using: str = READER) -> Position:
    """Where the stream stands. Raises `StreamGoneError`."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT epoch, first_seq, last_seq FROM streaming_stream WHERE id = %s", [stream_id])
        row = cursor.fetchone()
    if row is None:
        raise StreamGoneError(stream_id)
    epoch, first_seq, last_seq = row
    return Position(epoch, first_seq, last_seq, _time_of(stream_id, last_seq, using))


def can_resume(stream_id: int, cursor: Cursor, *, using: str = READER) -> bool:
    """Whether what the cursor's holder has is a prefix of this log and what follows it is still here."""
    now = position(stream_id, using=using)
    if cursor.epoch != now.epoch or not now.first_seq - 1 <= cursor.seq <= now.last_seq:
        return False
    return cursor.seq < now.first_seq or _time_of(stream_id, cursor.seq, using) == cursor.ts


def heads(stream_ids: list[int], *, using: str = READER) -> dict[int, Cursor]:
    """Where many streams end, in one query; absent ones are gone. A `ts` of -1: that event is forgotten."""
    if not stream_ids:
        return {}
    marks = ", ".join(["%s"] * len(stream_ids))
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT s.id, s.epoch, s.last_seq, e.ts FROM streaming_stream s"  # noqa: S608 - only placeholders
            " LEFT JOIN streaming_event e ON e.stream_id = s.id AND e.seq = s.last_seq"
            f" WHERE s.id IN ({marks})",
            stream_ids,
        )
        return {row[0]: Cursor(row[1], row[2], NO_TIME if row[3] is None else row[3]) for row in cursor.fetchall()}


def first_seq_of(run_id: str, *, using: str = READER) -> int:
    """Where a run's single rows begin; 0 when it has none (before it spoke, or after they were packed)."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT MIN(first_seq) FROM streaming_event WHERE run_id = %s", [run_id])
        row = cursor.fetchone()
    return int(row[0] or 0)


def _time_of(stream_id: int, seq: int, using: str) -> int:
    if seq == 0:
        return 0
    page = read(stream_id, seq - 1, using=using, rows=1)
    return page.events[0].ts if page.events and page.events[0].seq == seq else NO_TIME


def _events(row: tuple[Any, ...], after: int) -> list[StreamingEvent]:
    seq, first_seq, ts, kind, run_id, attempt, body = row
    if kind == PACKED:
        return [event for event in unpack(body, first_seq) if event.seq > after]
    return [StreamingEvent(StreamingEventType(kind), decode_data(kind, body), seq, ts, run_id or "", attempt)]
