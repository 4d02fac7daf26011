"""Keep the events of streams by run, and play them again. Knows time; no log, socket or model."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterator

import msgspec

from streaming.events.buffer import StreamingBuffer
from streaming.events.folding import unfold
from streaming.events.run_data import StreamingChunk
from streaming.events.vocabulary import StreamingEvent


class StreamingCollector:
    """Events of any number of runs, in the order they came, in memory."""

    def __init__(self) -> None:
        self._events: dict[str, list[StreamingEvent]] = {}

    def add(self, event: StreamingEvent) -> None:
        """Keep one event."""
        self._events.setdefault(event.run_id, []).append(event)

    async def collect(self, events: AsyncIterable[StreamingEvent]) -> list[StreamingEvent]:
        """Keep all of `events`, and return them. What came before an error is kept too."""
        collected: list[StreamingEvent] = []
        async for event in events:
            self.add(event)
            collected.append(event)
        return collected

    @property
    def runs(self) -> list[str]:
        """The ids of the runs, in the order of their first events."""
        return list(self._events)

    def events(self, run_id: str | None = None) -> list[StreamingEvent]:
        """The events of one run, or of all runs, run by run."""
        if run_id is not None:
            return list(self._events.get(run_id, ()))
        return [event for events in self._events.values() for event in events]

    def buffer(self, run_id: str) -> StreamingBuffer:
        """What the run has said."""
        buffer = StreamingBuffer()
        for event in self._events.get(run_id, ()):
            buffer.add(event)
        return buffer

    async def replay(
        self, run_id: str, *, speed: float = 1.0, fixed_delay: float | None = None
    ) -> AsyncGenerator[StreamingEvent]:
        """The run's events at their pace, `speed` times as fast, or `fixed_delay` seconds after each other.

        Folded chunks come as their single deltas, each with its own `ts` and the `seq` of the whole.
        Raises `ValueError` for a speed of 0 or less, or a negative delay.
        """
        if speed <= 0 or (fixed_delay is not None and fixed_delay < 0):
            raise ValueError("speed must be above 0, and fixed_delay not below 0")
        loop = asyncio.get_running_loop()
        begun = loop.time()
        first: int | None = None
        for number, event in enumerate(_single(self.events(run_id))):
            first = event.ts if first is None else first
            after = (event.ts - first) / 1000 / speed if fixed_delay is None else number * fixed_delay
            await asyncio.sleep(max(0.0, begun + after - loop.time()))
            yield event


def _single(events: list[StreamingEvent]) -> Iterator[StreamingEvent]:
    for event in events:
        if isinstance(event.data, StreamingChunk):
            for ts, chunk in unfold(event.ts, event.data):
                yield msgspec.structs.replace(event, data=chunk, ts=ts)
        else:
            yield event
