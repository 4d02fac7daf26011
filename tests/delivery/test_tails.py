"""Tails on the real log: what a lost doorbell costs, what is read how often, and what ends continuity."""

import asyncio
import time

import pytest
from django.db import OperationalError, transaction

from streaming import bell, log
from streaming.delivery import tail as tail_module
from streaming.delivery import tails as tails_module
from streaming.delivery.follower import ContinuityLostError, follow, following
from streaming.delivery.tails import tails
from streaming.events import StreamingChunk
from streaming.log import StreamGoneError
from streaming.models import Event, Stream
from streaming.models.database import in_database
from tests.support.eventually import eventually
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "reader"]),
    pytest.mark.usefixtures("layer"),
]


def append(stream: Stream, *deltas: str) -> bell.Ring:
    """Commit events and give the ring for them, unrung."""
    with transaction.atomic():
        epoch, events = log.append_events(stream.pk, [log.prepare(StreamingChunk(d), ts=1) for d in deltas])
    return bell.Ring(stream.pk, epoch, events[-1].seq, events)


@pytest.fixture
def stream():
    return Stream.objects.create()


class Reading:
    """A task that follows a stream and keeps what it gets."""

    def __init__(self, stream: Stream, after: int = 0) -> None:
        self.events: list[str] = []
        self._grown = asyncio.Event()
        self.task = asyncio.create_task(self._read(stream, after))
        self.task.add_done_callback(lambda _: self._grown.set())

    async def _read(self, stream: Stream, after: int) -> None:
        async for batch in follow(stream.pk, epoch=stream.epoch, after=after):
            self.events += [event.data.delta for event in batch]
            self._grown.set()

    async def until(self, count: int, seconds: float = PATIENCE_SECONDS) -> None:
        async with asyncio.timeout(seconds):
            while len(self.events) < count:
                if self.task.done():
                    await self.task
                self._grown.clear()
                await self._grown.wait()

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})
        await eventually(lambda: not len(tails()))


@pytest.fixture
def slow(monkeypatch) -> None:
    """Nobody looks by himself: what comes was rung."""
    monkeypatch.setattr(tails_module, "LIVE_SECONDS", 600)


@pytest.mark.usefixtures("slow")
async def test_viewers_share_one_tail_and_read_what_was_there_and_what_comes(stream):
    await in_database(append, stream, "a", "b")
    one, two = Reading(stream), Reading(stream, after=1)
    await one.until(2)
    await two.until(1)
    assert len(tails()) == 1
    bell.ring(await in_database(append, stream, "c"))
    await one.until(3)
    await two.until(2)
    assert one.events == ["a", "b", "c"]
    assert two.events == ["b", "c"]
    one.task.cancel()
    await asyncio.wait({one.task})
    await two.close()


async def test_rung_events_reach_viewers_without_a_query(stream):
    viewer = Reading(stream)
    bell.ring(await in_database(append, stream, "a"))
    await viewer.until(1)
    await in_database(Event.objects.all().delete)  # nobody will find them there
    ring = bell.Ring(stream.pk, stream.epoch, 2, (log.prepare(StreamingChunk("b"), ts=1)[0],))
    bell.ring(ring._replace(events=(type(ring.events[0])(ring.events[0].type, ring.events[0].data, 2),)))
    await viewer.until(2)
    assert viewer.events == ["a", "b"]
    await viewer.close()


@pytest.mark.usefixtures("slow")
async def test_ring_without_events_is_answered_from_the_log_at_once(stream):
    viewer = Reading(stream)
    bell.ring(await in_database(append, stream, "a"))
    await viewer.until(1)
    bell.ring((await in_database(append, stream, "b", "c"))._replace(events=()))
    await viewer.until(3)
    assert viewer.events == ["a", "b", "c"]
    await viewer.close()


async def test_lost_doorbell_of_a_live_run_costs_a_second(stream):
    viewer = Reading(stream)
    bell.ring(await in_database(append, stream, "a"))
    await viewer.until(1)
    await in_database(append, stream, "b")
    started = time.monotonic()
    await viewer.until(2)
    assert time.monotonic() - started < 3 * tails_module.LIVE_SECONDS
    await viewer.close()


async def test_lost_doorbell_of_an_idle_stream_is_noticed_by_the_slow_look(stream, monkeypatch):
    monkeypatch.setattr(tails_module, "LIVE_SECONDS", 0.1)
    viewer = Reading(stream)
    bell.ring(await in_database(append, stream, "a"))
    await viewer.until(1)
    tail = await tails().acquire(stream.pk)
    await eventually(lambda: not tail.live, "the slow look finds no live run")
    await in_database(append, stream, "b")
    await viewer.until(2)
    tails().release(tail)
    await viewer.close()


async def test_head_of_the_database_is_known_for_beats(stream):
    viewer = Reading(stream)
    bell.ring(await in_database(append, stream, "a", "b"))
    await viewer.until(2)
    tail = await tails().acquire(stream.pk)
    await eventually(lambda: tail.database_head == 2)
    assert time.monotonic() - tail.database_at < 30
    tails().release(tail)
    await viewer.close()


async def test_reader_that_does_not_read_holds_nothing_and_goes_on_from_the_log(stream, monkeypatch):
    monkeypatch.setattr(tail_module, "KEPT_EVENTS", 8)
    woken = []
    async with following(stream.pk, epoch=stream.epoch, after=0, on_news=lambda: woken.append(1)) as follower:
        for n in range(100):
            bell.ring(await in_database(append, stream, str(n)))
        await eventually(lambda: follower.tail.seq == 100)
        assert len(follower.tail._events) <= 16
        got = []
        while events := await follower.read():
            got += [event.data.delta for event in events]
        assert got == [str(n) for n in range(100)]
    assert woken


async def test_another_epoch_ends_continuity(stream):
    viewer = Reading(stream)
    bell.ring(await in_database(append, stream, "a"))
    await viewer.until(1)
    await in_database(Stream.objects.filter(pk=stream.pk).update, epoch="other")
    bell.ring(await in_database(append, stream, "b"))
    with pytest.raises(ContinuityLostError):
        await viewer.until(2)
    with pytest.raises(ContinuityLostError):
        async for _ in follow(stream.pk, epoch=stream.epoch, after=1):
            pass


async def test_head_that_falls_back_ends_continuity(stream):
    """A back-up was restored and nobody told us."""
    viewer = Reading(stream)
    bell.ring(await in_database(append, stream, "a", "b", "c"))
    await viewer.until(3)
    await in_database(Stream.objects.filter(pk=stream.pk).update, last_seq=1)
    with pytest.raises(ContinuityLostError):
        await viewer.until(4)


async def test_events_gone_by_retention_end_continuity_of_those_who_lack_them(stream):
    await in_database(append, stream, *"abcdef")
    await in_database(Event.objects.filter(stream=stream, seq__lte=3).delete)
    await in_database(Stream.objects.filter(pk=stream.pk).update, first_seq=4)
    with pytest.raises(ContinuityLostError):
        await Reading(stream, after=1).until(1)
    viewer = Reading(stream, after=3)
    await viewer.until(3)
    assert viewer.events == ["d", "e", "f"]
    await viewer.close()


async def test_stream_that_is_deleted_ends_its_viewers(stream):
    viewer = Reading(stream)
    bell.ring(await in_database(append, stream, "a"))
    await viewer.until(1)
    await in_database(stream.delete)
    with pytest.raises(StreamGoneError):
        await viewer.until(2)
    with pytest.raises(StreamGoneError):
        await Reading(Stream(pk=stream.pk, epoch="x")).until(1)
    await eventually(lambda: not len(tails()))


async def test_database_that_is_away_loses_nothing(stream, monkeypatch):
    monkeypatch.setattr(tails_module, "LIVE_SECONDS", 0.1)
    viewer = Reading(stream)
    bell.ring(await in_database(append, stream, "a"))
    await viewer.until(1)
    with monkeypatch.context() as away:
        away.setattr(tail_module, "read_after", out_of_order)
        away.setattr(tails_module, "look_at", out_of_order)
        bell.ring((await in_database(append, stream, "b"))._replace(events=()))
        bell.ring(await in_database(append, stream, "c"))
        tail = await tails().acquire(stream.pk)
        await eventually(lambda: tail._filling is not None and tail._filling.done())
        assert viewer.events == ["a"]
        tails().release(tail)
    await viewer.until(3)
    assert viewer.events == ["a", "b", "c"]
    await viewer.close()


def out_of_order(*_: object, **__: object) -> None:
    raise OperationalError("the database is away on purpose")


async def test_ring_that_repeats_earlier_events_adds_only_what_follows(stream):
    tail = await tails().acquire(stream.pk)
    first = await in_database(append, stream, "a", "b")
    second = await in_database(append, stream, "c", "d")
    tail.hear(first)
    tail.hear(second._replace(events=(*first.events, *second.events)))
    assert [[event.data.delta for event in tail.after(seq)] for seq in range(5)] == [[*"abcd"[n:]] for n in range(5)]
    tails().release(tail)


async def test_page_more_than_memory_is_left_to_each_viewer(stream):
    viewer = Reading(stream)
    bell.ring(await in_database(append, stream, "a"))
    await viewer.until(1)
    bell.ring((await in_database(append, stream, *map(str, range(1_000))))._replace(events=()))
    await viewer.until(1_001)
    assert viewer.events == ["a", *map(str, range(1_000))]
    await viewer.close()
