"""The durable, numbered list of events: append, read after a cursor, compact, retain."""

from streaming.log.append import Appended, Batch, Prepared, Refused, append_batches, append_events, prepare
from streaming.log.compact import compact
from streaming.log.cursor import Cursor, Position
from streaming.log.read import Page, StreamGoneError, can_resume, heads, position, read, read_all
from streaming.log.retain import forget_before

__all__ = [
    "Appended",
    "Batch",
    "Cursor",
    "Page",
    "Position",
    "Prepared",
    "Refused",
    "StreamGoneError",
    "append_batches",
    "append_events",
    "can_resume",
    "compact",
    "forget_before",
    "heads",
    "position",
    "prepare",
    "read",
    "read_all",
]
