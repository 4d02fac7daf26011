"""Append to streams: fenced, numbered under the row's lock, durable with the caller's commit. Rings no bell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from streaming.events import EventData, StreamingEvent, StreamingEventType, encode_data, event_of
from streaming.log.read import StreamGoneError, position, read_all
from streaming.log.rows import insert_rows, select_rows, update_rows
from streaming.models.run import Run

Prepared = tuple[StreamingEvent, str]  # the event, its data as JSON

_COLUMNS = ("stream_id", "seq", "first_seq", "ts", "type", "run_id", "attempt", "n", "body")
_WRITABLE = (Run.State.RUNNING.value, Run.State.WAITING.value)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one run's attempt wants to say next: events that follow its position `after_n`."""

    stream_id: int
    run_id: str
    attempt: int
    fence: int
    after_n: int
    items: tuple[Prepared, ...]


@dataclass(frozen=True, slots=True)
class Appended:
    """The events as they stand in the log. `repeated`: they were there before, nothing was written."""

    batch: Batch
    epoch: str
    events: tuple[StreamingEvent, ...]
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The batch did not come from the run's one author; nothing of it was written."""

    batch: Batch
    reason: str


def prepare(data: EventData, *, ts: int, run_id: str = "", attempt: int = 0) -> Prepared:
    """Encode outside the transaction, so that it stays short."""
    return event_of(data, ts=ts, run_id=run_id, attempt=attempt), encode_data(data)


def append_batches(batches: Sequence[Batch]) -> list[Appended | Refused]:
    """Append all batches in one transaction; each is accepted or refused on its own.

    A batch whose run was claimed by another (`fence`), has ended, or stands elsewhere (`after_n`) is
    refused. One that is already in the log gives the seqs it has there. Must run inside `atomic`.
    """
    if not batches:
        return []
    with connection.cursor() as cursor:
        streams = select_rows(cursor, "streaming_stream", "id, epoch, last_seq", {b.stream_id for b in batches})
        runs = select_rows(cursor, "streaming_run", "id, fence, attempt, last_n, state", {b.run_id for b in batches})
        heads = {stream_id: row[2] for stream_id, row in streams.items()}
        results = [_place(cursor, batch, streams, runs, heads) for batch in batches]
        _write(cursor, [result for result in results if isinstance(result, Appended) and not result.repeated])
    return results


def append_events(stream_id: int, items: Sequence[Prepared]) -> tuple[str, tuple[StreamingEvent, ...]]:
    """Append events that no run makes (or that end one from outside); the stream's epoch and the events.

    Must run inside the transaction of the action that caused them. Raises `StreamGoneError`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE streaming_stream SET last_seq = last_seq + %s WHERE id = %s RETURNING epoch, last_seq",
            [len(items), stream_id],
        )
        row = cursor.fetchone()
        if row is None:
            raise StreamGoneError(stream_id)
        epoch, last_seq = row
        first = last_seq - len(items) + 1
        events = tuple(_numbered(event, first + i) for i, (event, _) in enumerate(items))
        bodies = (body for _, body in items)
        rows = [_row(stream_id, event, None, body) for event, body in zip(events, bodies, strict=True)]
        insert_rows(cursor, "streaming_event", _COLUMNS, rows)
    return epoch, events


def _place(
    cursor: Any,
    batch: Batch,
    streams: dict[int, Sequence[Any]],
    runs: dict[str, Sequence[Any]],
    heads: dict[int, int],
) -> Appended | Refused:
    if batch.run_id not in runs or batch.stream_id not in streams:
        return Refused(batch, "the run or its stream is gone")
    _, fence, attempt, last_n, state = runs[batch.run_id]
    epoch = streams[batch.stream_id][1]
    if attempt == batch.attempt and last_n >= batch.after_n + len(batch.items) and fence == batch.fence:
        return Appended(batch, epoch, _found(cursor, batch), repeated=True)
    if fence != batch.fence or attempt != batch.attempt:
        return Refused(batch, f"fence {batch.fence} is behind {fence}")
    if state not in _WRITABLE:
        return Refused(batch, f"the run is {state}")
    if last_n != batch.after_n:
        return Refused(batch, f"expected position {batch.after_n}, the log is at {last_n}")
    first = heads[batch.stream_id] + 1
    heads[batch.stream_id] += len(batch.items)
    return Appended(batch, epoch, tuple(_numbered(event, first + i) for i, (event, _) in enumerate(batch.items)))


def _write(cursor: Any, placed: Sequence[Appended]) -> None:
    if not placed:
        return
    rows = [
        _row(result.batch.stream_id, event, result.batch.after_n + 1 + i, body)
        for result in placed
        for i, (event, (_, body)) in enumerate(zip(result.events, result.batch.items, strict=True))
    ]
    heads = {result.batch.stream_id: result.events[-1].seq for result in placed}
    insert_rows(cursor, "streaming_event", _COLUMNS, rows)
    update_rows(cursor, "streaming_stream", ("last_seq",), list(heads.items()))
    spoken = [(r.batch.run_id, r.batch.after_n + len(r.events), _speaks(r)) for r in placed]
    update_rows(cursor, "streaming_run", ("last_n", "spoke"), spoken)


def _speaks(result: Appended) -> bool:
    return result.batch.after_n > 0 or any(event.type != StreamingEventType.START for event in result.events)


def _found(cursor: Any, batch: Batch) -> tuple[StreamingEvent, ...]:
    cursor.execute(
        "SELECT seq FROM streaming_event WHERE run_id = %s AND attempt = %s AND n > %s AND n <= %s ORDER BY n",
        [batch.run_id, batch.attempt, batch.after_n, batch.after_n + len(batch.items)],
    )
    seqs = [row[0] for row in cursor.fetchall()]
    if len(seqs) != len(batch.items):
        return _found_packed(batch)
    return tuple(_numbered(event, seq) for (event, _), seq in zip(batch.items, seqs, strict=True))


def _found_packed(batch: Batch) -> tuple[StreamingEvent, ...]:
    """The same, after compaction dropped the positions: an attempt's events stand in their order.

    Without those that retention took; () when the first of them are gone, as they cannot be counted then.
    """
    head = position(batch.stream_id, using="default")
    if head.first_seq > 1:
        return ()
    mine = [
        event
        for event in read_all(batch.stream_id, 0, head.last_seq, using="default")
        if (event.run_id, event.attempt) == (batch.run_id, batch.attempt)
    ]
    return tuple(mine[batch.after_n : batch.after_n + len(batch.items)])


def _numbered(event: StreamingEvent, seq: int) -> StreamingEvent:
    return StreamingEvent(event.type, event.data, seq, event.ts, event.run_id, event.attempt)


def _row(stream_id: int, event: StreamingEvent, n: int | None, body: str) -> tuple[Any, ...]:
    seq = event.seq
    return stream_id, seq, seq, event.ts, event.type.value, event.run_id or None, event.attempt, n, body
