"""Many events as one row and back, exactly. Knows events and JSON; knows no table.

A packed body is a JSON list. An entry is either `{"e": event}` or, for neighbouring chunks of one run's
attempt and part, `{"r": run, "a": attempt, "p": part, "x": text, "c": [[ts, length, lengths, times], …]}`.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from streaming.events import Part, StreamingChunk, StreamingEvent, StreamingEventType, decode_event

# One row stays well under PostgreSQL's 8 kB page after TOAST compression of text, and a reader that
# needs one event does not decode a whole answer.
ROW_CHARACTERS = 32_000


class _Chunks(msgspec.Struct):
    r: str
    a: int
    p: Part
    x: str
    c: list[tuple[int, int, tuple[int, ...], tuple[int, ...]]]


class _Single(msgspec.Struct):
    e: msgspec.Raw


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_chunks_decoder = msgspec.json.Decoder(_Chunks)
_single_decoder = msgspec.json.Decoder(_Single)


def pack(events: Sequence[StreamingEvent]) -> str:
    """The body of one row for `events`, which are neighbours in `seq`."""
    return _encoder.encode([entry for key, group in groupby(events, _key) for entry in _entries(key, group)]).decode()


def unpack(body: str, first_seq: int) -> Iterator[StreamingEvent]:
    """The events of a packed row that starts at `first_seq`, equal to those that were packed."""
    seq = first_seq
    for raw in _decoder.decode(body):
        if bytes(memoryview(raw)[:4]) == b'{"e"':
            yield decode_event(_single_decoder.decode(raw).e)
            seq += 1
            continue
        entry = _chunks_decoder.decode(raw)
        start = 0
        for ts, length, lengths, times in entry.c:
            chunk = StreamingChunk(entry.x[start : start + length], entry.p, lengths, times)
            yield StreamingEvent(StreamingEventType.CHUNK, chunk, seq, ts, entry.r, entry.a)
            start += length
            seq += 1


def rows_of(events: Sequence[StreamingEvent]) -> Iterator[Sequence[StreamingEvent]]:
    """`events` cut into row-sized groups of neighbours."""
    start, size = 0, 0
    for position, event in enumerate(events):
        size += len(event.data.delta) + 24 if isinstance(event.data, StreamingChunk) else 200
        if size >= ROW_CHARACTERS:
            yield events[start : position + 1]
            start, size = position + 1, 0
    if start < len(events):
        yield events[start:]


def _key(event: StreamingEvent) -> tuple[str, int, str]:
    if isinstance(event.data, StreamingChunk) and event.data.meta is None:
        return event.run_id, event.attempt, event.data.part
    return "", 0, ""


def _entries(
    key: tuple[str, int, str], group: Iterator[StreamingEvent]
) -> Iterator[_Chunks | dict[str, StreamingEvent]]:
    run_id, attempt, part = key
    if not part:
        yield from ({"e": event} for event in group)
        return
    events = list(group)
    chunks = [event.data for event in events if isinstance(event.data, StreamingChunk)]
    yield _Chunks(
        run_id,
        attempt,
        chunks[0].part,
        "".join(chunk.delta for chunk in chunks),
        [(event.ts, len(chunk.delta), chunk.lengths, chunk.times) for event, chunk in zip(events, chunks, strict=True)],
    )
