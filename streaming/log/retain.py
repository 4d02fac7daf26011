"""Forget old events by policy and say so: `first_seq` moves, readers below it get a reset."""

from django.db import connection, transaction

from streaming.models.database import lock_rows
from streaming.models.stream import Event

BATCH_ROWS = 500


def forget_before(stream_id: int, ts: int) -> int:
    """Remove the rows from the stream's start whose events are all older than `ts` (Unix ms); rows removed."""
    removed = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            # Of two engines that forget at the same time, the slower one must not move `first_seq` back.
            lock = f"SELECT id FROM streaming_stream WHERE id = %s{lock_rows(connection.vendor)}"  # noqa: S608 - a constant clause
            cursor.execute(lock, [stream_id])
            rows = list(Event.objects.filter(stream_id=stream_id).order_by("seq").values_list("seq", "ts")[:BATCH_ROWS])
            old = [seq for seq, row_ts in _leading(rows, ts)]
            if not old:
                return removed
            cursor.execute("UPDATE streaming_stream SET first_seq = %s WHERE id = %s", [old[-1] + 1, stream_id])
            cursor.execute("DELETE FROM streaming_event WHERE stream_id = %s AND seq <= %s", [stream_id, old[-1]])
            removed += len(old)
            if len(old) < len(rows):
                return removed


def _leading(rows: list[tuple[int, int]], ts: int) -> list[tuple[int, int]]:
    leading = []
    for seq, row_ts in rows:
        if row_ts >= ts:
            break
        leading.append((seq, row_ts))
    return leading
