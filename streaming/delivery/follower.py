"""Read a stream for one viewer from a cursor: an exact prefix of the log, growing. Knows no frame and no socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from streaming.delivery.reading import Reading, read_after
from streaming.delivery.tail import Tail
from streaming.delivery.tails import tails
from streaming.events import StreamingEvent
from streaming.log import StreamGoneError
from streaming.models.database import in_database


class ContinuityLostError(Exception):
    """What the follower has cannot be continued: the viewer needs a snapshot."""


class Follower:
    """Batches of consecutive events after `seq`, never a gap, a repeat or a swap.

    Holds no events itself: a reader that does not read costs nothing, and later reads from the log.
    """

    def __init__(self, tail: Tail, *, epoch: str, seq: int, on_news: Callable[[], None]) -> None:
        self.tail = tail
        self.epoch = epoch
        self.seq = seq
        self._life = tail.life
        self._on_news = on_news

    @property
    def has_news(self) -> bool:
        """Whether `read` has something to give or to raise."""
        return self.tail.seq > self.seq or self.tail.life != self._life or self.tail.gone

    async def read(self) -> tuple[StreamingEvent, ...]:
        """The next events, at once; () when there are none yet.

        Raises `ContinuityLostError`, `StreamGoneError`, and what the database raises when it is needed and away;
        nothing is lost then and the call may be repeated.
        """
        self._check()
        if self.tail.seq <= self.seq:
            return ()
        events = self.tail.after(self.seq)
        if events is None:
            events = self._continued(await in_database(read_after, self.tail.stream_id, self.seq))
        if not events or events[0].seq != self.seq + 1 or events[-1].seq != self.seq + len(events):
            raise ContinuityLostError(f"stream {self.tail.stream_id} has no unbroken events after {self.seq}")
        self.seq = events[-1].seq
        return events

    def _check(self) -> None:
        if self.tail.gone:
            raise StreamGoneError(self.tail.stream_id)
        if self.tail.life != self._life or self.tail.epoch != self.epoch:
            raise ContinuityLostError(f"stream {self.tail.stream_id} began a new life")

    def _continued(self, reading: Reading) -> tuple[StreamingEvent, ...]:
        self._check()
        if reading.now.epoch != self.epoch:
            raise ContinuityLostError(f"stream {self.tail.stream_id} began a new life")
        return reading.events


@asynccontextmanager
async def following(stream_id: int, *, epoch: str, after: int, on_news: Callable[[], None]) -> AsyncIterator[Follower]:
    """A follower that calls `on_news` whenever `has_news` may have changed.

    Raises `ContinuityLostError` when the stream's epoch is another, and what `Tails.acquire` raises.
    """
    mine = tails()
    tail = await mine.acquire(stream_id)
    try:
        if tail.epoch != epoch or tail.seq > after:  # a view that is older than the tail, or newer than a restore
            await tail.look()
        follower = Follower(tail, epoch=epoch, seq=after, on_news=on_news)
        if tail.epoch != epoch:
            raise ContinuityLostError(f"stream {stream_id} is in another epoch")
        tail.listen(on_news)
        try:
            yield follower
        finally:
            tail.unlisten(on_news)
    finally:
        mine.release(tail)


async def follow(stream_id: int, *, epoch: str, after: int) -> AsyncIterator[tuple[StreamingEvent, ...]]:
    """The stream's events after `after`, in batches as they come, for ever. Raises as `Follower.read` does."""
    news = asyncio.Event()
    async with following(stream_id, epoch=epoch, after=after, on_news=news.set) as follower:
        while True:
            news.clear()
            while events := await follower.read():
                yield events
            await news.wait()
