"""Fold a tick's deltas into few chunks and take them apart again. Knows text and time; no socket, no model."""

from collections.abc import Iterable, Iterator

from streaming.events.data import EventData
from streaming.events.run_data import StreamingChunk

Timed = tuple[int, EventData]  # (Unix ms, what happened)


def fold(items: Iterable[Timed]) -> Iterator[Timed]:
    """Neighbouring chunks of one part become one chunk with the length and time of each delta.

    Everything else, chunks with `meta` included, passes through in place.
    """
    held: list[tuple[int, StreamingChunk]] = []
    for ts, data in items:
        if not isinstance(data, StreamingChunk) or data.meta is not None:
            yield from _folded(held)
            held = []
            yield ts, data
            continue
        if held and held[0][1].part != data.part:
            yield from _folded(held)
            held = []
        held.append((ts, data))
    yield from _folded(held)


def unfold(ts: int, chunk: StreamingChunk) -> Iterator[tuple[int, StreamingChunk]]:
    """The single deltas of a logged chunk, each with its own time (Unix ms)."""
    if not chunk.lengths:
        yield ts, chunk
        return
    start = 0
    for length, offset in zip(chunk.lengths, chunk.times, strict=True):
        yield ts + offset, StreamingChunk(chunk.delta[start : start + length], chunk.part)
        start += length


def _folded(held: list[tuple[int, StreamingChunk]]) -> Iterator[Timed]:
    if len(held) <= 1:
        yield from held
        return
    first = held[0][0]
    deltas = [delta for ts, chunk in held for delta in unfold(ts, chunk)]
    yield (
        first,
        StreamingChunk(
            "".join(chunk.delta for _, chunk in deltas),
            held[0][1].part,
            tuple(len(chunk.delta) for _, chunk in deltas),
            tuple(ts - first for ts, _ in deltas),
        ),
    )
