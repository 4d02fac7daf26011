"""The end of one stream as this process knows it, shared by all its viewers. Knows no viewer's position.

Hints make it quick; the log makes it right: events are taken from a ring only when they follow what is here.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Callable

from streaming.bell import Ring
from streaming.delivery.reading import Reading, read_after, same_time
from streaming.events import StreamingChunk, StreamingEvent
from streaming.log import Cursor, StreamGoneError
from streaming.log.read import NO_TIME
from streaming.models.database import in_database

logger = logging.getLogger(__name__)

# What viewers that are a little late find without a query: some 15 s of an answer. Later ones read the log.
KEPT_EVENTS = 512
KEPT_CHARACTERS = 256 * 1024
NOTHING = sys.maxsize  # reading after it gives the epoch and the head alone
EVENT_CHARACTERS = 200  # for the bounds: an event without text


class Tail:
    """Events up to `seq` of `epoch`, the last of them in memory, `ts` that of `seq`. Used on one event loop only.

    `life` grows whenever continuity breaks (another epoch, a head that fell back, another event under a number that
    is here): who followed an earlier life needs a snapshot. `gone`: the stream is no more.
    """

    def __init__(self, stream_id: int) -> None:
        self.stream_id = stream_id
        self.epoch = ""
        self.seq = 0
        self.ts = NO_TIME
        self.life = 0
        self.gone = False
        self.live = True  # until a look at the runs says otherwise
        self.database_head = 0
        self.database_at = 0.0  # monotonic seconds: when the database last said its head
        self._events: list[StreamingEvent] = []
        self._size = 0
        self._listeners: dict[Callable[[], None], None] = {}
        self._wanted = 0
        self._doubt = False
        self._filling: asyncio.Task[None] | None = None

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever there is news."""
        self._listeners[listener] = None

    def unlisten(self, listener: Callable[[], None]) -> None:
        self._listeners.pop(listener, None)

    def after(self, seq: int) -> tuple[StreamingEvent, ...] | None:
        """The events after `seq` from memory; None when they reach further back than memory does."""
        start = seq + 1 - (self.seq - len(self._events) + 1)
        return tuple(self._events[start:]) if start >= 0 else None

    def hear(self, ring: Ring) -> None:
        """Take in a hint, whatever it is: new, repeated, early, late or of another epoch."""
        if ring.epoch != self.epoch:
            self._doubt = True
        elif ring.seq <= self.seq:
            if not ring.events or self._time_of(ring.seq) == ring.events[-1].ts:
                return
            self._doubt = True  # from a database that was put back, perhaps
        elif not self._extend(ring.events):
            self._wanted = max(self._wanted, ring.seq)
        else:
            self.live = True
            self._tell()
            return
        self.fill()

    def compare(self, now: Cursor, *, known: int) -> None:
        """Hold against where the database stands; `known` was `seq` before it was asked."""
        self._reached(now.seq)
        if now.epoch != self.epoch or now.seq < known or not same_time(self._time_of(now.seq), now.ts):
            self._doubt = True
        elif now.seq <= self.seq:
            return
        self._wanted = max(self._wanted, now.seq)
        self.fill()

    def end(self) -> None:
        """The stream does not exist any more."""
        self.gone = True
        self._tell()

    def fill(self) -> asyncio.Task[None]:
        """Read what is missing from the log, in a task of its own; one at a time."""
        if self._filling is None or self._filling.done():
            self._filling = asyncio.create_task(self._fill())
        return self._filling

    async def look(self) -> None:
        """Read where the stream stands now. Raises what the database raises, or `StreamGoneError`."""
        known, life = self.seq, self.life
        reading = await in_database(read_after, self.stream_id, known if self.epoch else NOTHING, self.ts)
        if life == self.life:
            self._adopt(reading, known)

    async def close(self) -> None:
        if self._filling is not None and not self._filling.done():
            self._filling.cancel()
            await asyncio.wait({self._filling})

    async def _fill(self) -> None:
        try:
            while self._doubt or self._wanted > self.seq:
                wanted, self._wanted, self._doubt = self._wanted, 0, False
                await self.look()
                if self.seq < wanted:
                    logger.debug("A hint named %s of stream %s; the log ends at %s.", wanted, self.stream_id, self.seq)
        except StreamGoneError:
            self.end()
        except Exception as error:  # noqa: BLE001 - the database is away; the next look comes within a second or five
            logger.debug("Stream %s cannot be read now: %s", self.stream_id, error)

    def _adopt(self, reading: Reading, known: int) -> None:
        now = reading.now
        self._reached(now.seq)
        if now.epoch != self.epoch or now.seq < known or not reading.continues:
            self._begin_life(now)
        else:
            self._extend(reading.events)
            if self.seq < now.seq:
                self._skip_to(now)
        self._tell()

    def _reached(self, head: int) -> None:
        self.database_head, self.database_at = head, time.monotonic()

    def _begin_life(self, now: Cursor) -> None:
        self.life += 1
        self.epoch = now.epoch
        self._skip_to(now)

    def _skip_to(self, now: Cursor) -> None:
        """So much is new that each viewer reads it for itself."""
        self.seq, self.ts = now.seq, now.ts
        self._events.clear()
        self._size = 0

    def _extend(self, events: tuple[StreamingEvent, ...]) -> bool:
        """Append those of `events`, which are consecutive, that follow; False when none does."""
        if not events or events[0].seq > self.seq + 1 or events[-1].seq <= self.seq:
            return False
        new = events[self.seq + 1 - events[0].seq :]
        if new[0].seq != self.seq + 1 or new[-1].seq != self.seq + len(new):
            return False
        self._events += new
        self.seq, self.ts = new[-1].seq, new[-1].ts
        self._size += sum(map(_size, new))
        if len(self._events) > 2 * KEPT_EVENTS or self._size > 2 * KEPT_CHARACTERS:
            self._trim()
        return True

    def _time_of(self, seq: int) -> int:
        """The `ts` of an event that is still in memory, or the last."""
        back = self.seq - seq
        if 0 <= back < len(self._events):
            return self._events[-1 - back].ts
        return NO_TIME if back else self.ts

    def _trim(self) -> None:
        kept, size = 0, 0
        for event in reversed(self._events):
            size += _size(event)
            if size > KEPT_CHARACTERS or kept == KEPT_EVENTS:
                break
            kept += 1
        del self._events[: len(self._events) - kept]
        self._size = sum(map(_size, self._events))

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def _size(event: StreamingEvent) -> int:
    return EVENT_CHARACTERS + (len(event.data.delta) if isinstance(event.data, StreamingChunk) else 0)
