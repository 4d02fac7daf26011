"""What one viewer of one conversation is sent, over a socket or an event stream: docs/delivery.md, the server's side.

Knows cursors, pace, credit and access; knows no connection. Everything that could change what is to be done next
(events, acknowledgements, time) wakes one loop, so a frame costs no task and no timer object of its own.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import msgspec

from streaming.delivery.boundaries import Holdback
from streaming.delivery.credit import Credit
from streaming.delivery.follower import ContinuityLostError, Follower, following
from streaming.delivery.messages import Beat, Frame, Outgoing, Paused, Reset, encode_message
from streaming.delivery.pacing import Ticker, load_gauge
from streaming.events import AccessChanged, Start, StreamingEvent
from streaming.log import Cursor, StreamGoneError
from streaming.models import Conversation
from streaming.models.database import AWAY
from streaming.rendering import ConversationView
from streaming.transport.closing import StreamClosedError
from streaming.web.admission import Admission
from streaming.web.opening import open_view
from streaming.web.standing import Standing

logger = logging.getLogger(__name__)

BEAT_SECONDS = 9.0  # a page expects one within 10
STALE_SECONDS = 12.0  # the database's head is older than that: the database is away
RETRY_SECONDS = 1.0
MAX_RETRY_SECONDS = 8.0  # each try says `paused`, and a page that hears nothing for 25 s gives up


@dataclass(slots=True)
class FeedHealth:
    """What went wrong in the feeds of this process."""

    failures: int = 0
    resets: int = 0


health = FeedHealth()


class Sent(msgspec.Struct, frozen=True):
    """A message as JSON; `cursor` is where the page stands after it, "" when it moves nothing."""

    type: str
    cursor: str
    body: bytes


class Feed:
    """The messages for one viewer, from a cursor on. One event loop, one reader."""

    def __init__(self, admission: Admission, *, session_key: str, credit: Credit | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._standing = Standing(admission, session_key=session_key)
        self._credit = credit
        self._ticker = Ticker(load_gauge())
        self._holdback = Holdback(admission.pace)
        self._cursor: Cursor | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._woken = False
        self._beat_at = self._now + BEAT_SECONDS

    @property
    def _now(self) -> float:
        return self._loop.time()

    def acknowledge(self, seq: int) -> None:
        """The page has everything up to `seq`. Raises `CreditError`."""
        if self._credit is not None:
            self._credit.acknowledge(seq, self._now)
            self._wake()

    async def messages(self, cursor: Cursor | None) -> AsyncGenerator[Sent]:
        """What to send to a page that stands at `cursor` (None: it needs a snapshot), for ever.

        Raises `StreamClosedError`. A failure of ours is counted and answered with a snapshot, never with the end.
        """
        self._cursor, reason, failed = cursor, "cursor", 0
        while True:
            began = self._now
            try:
                async with aclosing(self._session(reason)) as session:
                    async for sent in session:
                        yield sent
            except ContinuityLostError:
                self._cursor, reason = None, "log"
            except (StreamGoneError, Conversation.DoesNotExist):
                await self._standing.ask()
                self._cursor = None
            except AWAY as error:
                logger.warning("A viewer waits for the database: %s", error)
                yield _sent(Paused("database"))
            except (StreamClosedError, asyncio.CancelledError):
                raise
            except Exception:
                health.failures += 1
                logger.exception("A viewer's feed failed; it gets a snapshot.")
                self._cursor, reason = None, "failure"
                yield _sent(Paused(reason))
            failed = 0 if self._now - began > MAX_RETRY_SECONDS else failed + 1
            if failed > 1:  # the first time at once, then more and more rarely
                await asyncio.sleep(min(RETRY_SECONDS * 2 ** (failed - 2), MAX_RETRY_SECONDS))

    async def _session(self, reason: str) -> AsyncGenerator[Sent]:
        admission = self._standing.admission
        opening = await self._standing.after(lambda: open_view(admission, self._cursor))
        view, now = opening.view, opening.cursor
        async with following(admission.stream_id, epoch=now.epoch, after=now.seq, on_news=self._wake) as follower:
            if not opening.resumed:
                health.resets += 1
                yield self._spent(now, Reset(reason, now.seq, str(now), opening.content))
            elif self._cursor is not None and now.seq > self._cursor.seq:
                yield self._spent(now, _frame(self._cursor.seq + 1, now, opening.content))
            self._holdback = Holdback(self._standing.admission.pace)
            async for sent in self._live(follower, view):
                yield sent

    async def _live(self, follower: Follower, view: ConversationView) -> AsyncGenerator[Sent]:
        while True:
            now = self._now
            if now >= self._standing.ask_at:
                await self._standing.ask()
                self._holdback.pace = self._standing.admission.pace
            if now >= self._beat_at:
                self._beat_at = now + BEAT_SECONDS
                yield self._beat(follower)
            due = self._due(follower)
            if due is not None and due <= now:
                events = await self._take(follower)
                if events:
                    yield self._fold(events, view, follower.epoch)
                    self._ticker.left(now)
                    continue
                due = self._due(follower)
            await self._sleep(min(self._beat_at, self._standing.ask_at, *([] if due is None else [due])))

    def _due(self, follower: Follower) -> float | None:
        """When the next frame may leave; None while there is nothing for one, or no credit."""
        if (self._credit is not None and not self._credit.is_open) or not self._standing.is_known:
            return None
        if follower.has_news:
            return self._ticker.next_at()
        held = self._holdback.due()
        return None if held is None else max(held, self._ticker.next_at())

    async def _take(self, follower: Follower) -> list[StreamingEvent]:
        if follower.has_news:
            events = await follower.read()
            if any(_must_be_proven(event) for event in events):
                await self._standing.prove()
            self._holdback.add(events, self._now)
        return self._holdback.take(self._now)

    def _fold(self, events: list[StreamingEvent], view: ConversationView, epoch: str) -> Sent:
        for event in events:
            view.feed(event)
        cursor = Cursor(epoch, events[-1].seq, events[-1].ts)
        return self._spent(cursor, _frame(events[0].seq, cursor, view.patch()))

    def _spent(self, cursor: Cursor, message: Frame | Reset) -> Sent:
        sent = _sent(message)
        self._cursor = cursor
        if self._credit is not None:
            self._credit.spend(cursor.seq, len(sent.body), self._now)
        return sent

    def _beat(self, follower: Follower) -> Sent:
        tail = follower.tail
        if self._now - tail.database_at > STALE_SECONDS or not self._standing.is_known:
            return _sent(Paused("database"))
        return _sent(Beat(max(tail.database_head, tail.seq)))

    def _wake(self) -> None:
        self._woken = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _sleep(self, until: float) -> None:
        if not self._woken:
            self._waiter = self._loop.create_future()
            timer = self._loop.call_at(until, self._wake)
            try:
                await self._waiter
            finally:
                timer.cancel()
                self._waiter = None
        self._woken = False


def _sent(message: Outgoing) -> Sent:
    cursor = message.cursor if isinstance(message, Frame | Reset) else ""
    return Sent(str(message.__struct_config__.tag), cursor, encode_message(message))


def _frame(first: int, cursor: Cursor, content: str) -> Frame:
    return Frame(first, cursor.seq, str(cursor), content or msgspec.UNSET)


def _must_be_proven(event: StreamingEvent) -> bool:
    """Whether access is asked for before this is sent: all but the course of a run, see `streaming.runs.telling`."""
    return not event.run_id or isinstance(event.data, Start | AccessChanged)
