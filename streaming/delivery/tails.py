"""The tails of one event loop: opened for their first viewer, looked after, closed after their last."""

import asyncio
import itertools
import logging
import weakref
from dataclasses import dataclass, field

from streaming import bell
from streaming.delivery.reading import Look, look_at
from streaming.delivery.tail import Tail
from streaming.models.database import in_database

logger = logging.getLogger(__name__)

LIVE_SECONDS = 1.0  # between two looks while a run is live: what a lost doorbell costs at most
IDLE_LOOKS = 5  # idle streams are looked at each fifth time


@dataclass(slots=True)
class _Held:
    tail: Tail
    ready: asyncio.Future[None]
    users: int = 0
    listening: asyncio.Task[None] | None = field(default=None)


class Tails:
    """One `Tail` per stream, however many viewers. Used on one event loop only."""

    def __init__(self) -> None:
        self._held: dict[int, _Held] = {}
        self._watching: asyncio.Task[None] | None = None

    async def acquire(self, stream_id: int) -> Tail:
        """The tail of a stream, which knows where the stream stands. Whoever acquires releases.

        Raises `StreamGoneError`, or what the database raises.
        """
        held = self._held.get(stream_id)
        if held is None:
            held = self._held[stream_id] = _Held(Tail(stream_id), asyncio.get_running_loop().create_future())
            held.ready.add_done_callback(lambda ready: ready.cancelled() or ready.exception())
            held.listening = asyncio.create_task(self._listen(held))
        held.users += 1
        try:
            await asyncio.shield(held.ready)
        except BaseException:
            self._leave(held)
            raise
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        return held.tail

    def release(self, tail: Tail) -> None:
        """One viewer less."""
        held = self._held.get(tail.stream_id)
        if held is not None and held.tail is tail:
            self._leave(held)

    def __len__(self) -> int:
        return len(self._held)

    def _leave(self, held: _Held) -> None:
        held.users -= 1
        if held.users:
            return
        if self._held.get(held.tail.stream_id) is held:
            del self._held[held.tail.stream_id]
        assert held.listening is not None
        held.listening.cancel()
        if not self._held and self._watching is not None:
            self._watching.cancel()
            self._watching = None

    async def _listen(self, held: _Held) -> None:
        try:
            while True:
                try:
                    await self._hear(held)
                except Exception as error:
                    if not held.ready.done():
                        self._held.pop(held.tail.stream_id, None)
                        held.ready.set_exception(error)
                        return
                    logger.exception("Stream %s lost its doorbell for a moment.", held.tail.stream_id)
                    await asyncio.sleep(LIVE_SECONDS)
        finally:
            await held.tail.close()

    async def _hear(self, held: _Held) -> None:
        async with bell.listen(held.tail.stream_id) as ear:
            if not held.ready.done():
                # Asked after the doorbell is heard, so that nothing falls in between.
                await held.tail.look()
                held.ready.set_result(None)
            async for ring in ear:
                held.tail.hear(ring)

    async def _watch(self) -> None:
        away = False
        for count in itertools.count(1):
            await asyncio.sleep(LIVE_SECONDS)
            everyone = count % IDLE_LOOKS == 0
            tails = [held.tail for held in self._held.values() if everyone or held.tail.live]
            if not tails:
                continue
            known = {tail.stream_id: tail.seq for tail in tails}
            try:
                look = await in_database(look_at, list(known), runs_too=everyone)
            except Exception as error:  # noqa: BLE001 - the database is away: the next look tells
                logger.log(logging.DEBUG if away else logging.WARNING, "Streams cannot be looked at now: %s", error)
                away = True
            else:
                away = False
                for tail in tails:
                    _compare(tail, look, known[tail.stream_id])


def _compare(tail: Tail, look: Look, known: int) -> None:
    if tail.stream_id not in look.heads:
        tail.end()
        return
    if look.live is not None:
        tail.live = tail.stream_id in look.live
    tail.compare(look.heads[tail.stream_id], known=known)


_of_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Tails] = weakref.WeakKeyDictionary()


def tails() -> Tails:
    """The tails of the running loop."""
    return _of_loop.setdefault(asyncio.get_running_loop(), Tails())
