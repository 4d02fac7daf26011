"""A database put back to an earlier state under a running server, its epochs kept: followers are told, not misled."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest
from django.db import transaction

from streaming import bell, log
from streaming.delivery import tails as tails_module
from streaming.delivery.follower import ContinuityLostError, Follower, following
from streaming.delivery.reading import read_after
from streaming.events import StreamingChunk
from streaming.models import Event, Stream
from streaming.models.database import in_database
from tests.support.eventually import eventually

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "reader"]),
    pytest.mark.usefixtures("layer"),
]
BEFORE, AFTER = 1_000, 2_000  # times of events: of those that were lost, of those that came in their place


@pytest.fixture
def stream() -> Stream:
    stream = Stream.objects.create()
    say(stream, "kept", ts=1)
    return stream


@pytest.fixture
def slow(monkeypatch) -> None:
    """Nobody looks by himself."""
    monkeypatch.setattr(tails_module, "LIVE_SECONDS", 600)


def say(stream: Stream, *deltas: str, ts: int) -> bell.Ring:
    """Commit events at `ts`, `ts` + 1, … and give the ring for them, unrung."""
    items = [log.prepare(StreamingChunk(delta), ts=ts + n) for n, delta in enumerate(deltas)]
    with transaction.atomic():
        epoch, events = log.append_events(stream.pk, items)
    return bell.Ring(stream.pk, epoch, events[-1].seq, events)


def put_back(stream: Stream) -> None:
    """To when only the first event was there."""
    with transaction.atomic():
        Event.objects.filter(stream_id=stream.pk, seq__gt=1).delete()
        Stream.objects.filter(pk=stream.pk).update(last_seq=1)


async def lost(follower: Follower) -> None:
    """Wait until the follower is told, having given nothing."""

    async def read() -> None:
        while True:
            assert await follower.read() == ()
            await asyncio.sleep(0.01)

    with pytest.raises(ContinuityLostError):
        await asyncio.wait_for(read(), 45)


def at_three(stream: Stream) -> AbstractAsyncContextManager[Follower]:
    return following(stream.pk, epoch=stream.epoch, after=3, on_news=lambda: None)


async def test_same_length_of_other_events_is_noticed_by_the_look(stream, monkeypatch):
    monkeypatch.setattr(tails_module, "LIVE_SECONDS", 0.1)
    await in_database(say, stream, "lost", "lost", ts=BEFORE)
    async with at_three(stream) as follower:
        await in_database(put_back, stream)
        await in_database(say, stream, "new", "new", ts=AFTER)
        await lost(follower)


async def test_longer_log_of_other_events_is_noticed_by_the_look(stream, monkeypatch):
    monkeypatch.setattr(tails_module, "LIVE_SECONDS", 0.1)
    await in_database(say, stream, "lost", "lost", ts=BEFORE)
    async with at_three(stream) as follower:
        await in_database(put_back, stream)
        await in_database(say, stream, "new", "new", "new", ts=AFTER)
        await lost(follower)


@pytest.mark.parametrize("in_memory", [True, False], ids=["in memory", "not in memory"])
async def test_rings_for_numbers_that_are_here_are_compared(stream, slow, in_memory):
    ring = await in_database(say, stream, "lost", "lost", ts=BEFORE)
    if in_memory:
        async with following(stream.pk, epoch=stream.epoch, after=1, on_news=lambda: None) as follower:
            follower.tail._skip_to(log.Cursor(stream.epoch, 1, 1))
            bell.ring(ring)
            await eventually(lambda: follower.tail.after(1))
            await follower.read()
            await overtake(stream, follower)
    else:
        async with at_three(stream) as follower:
            await overtake(stream, follower)


async def overtake(stream: Stream, follower: Follower) -> None:
    await in_database(put_back, stream)
    for _ in range(4):
        bell.ring(await in_database(say, stream, "new", ts=AFTER))
    await lost(follower)


async def test_late_rings_of_the_same_events_change_nothing(stream, slow):
    ring = await in_database(say, stream, "here", "here", ts=BEFORE)
    async with at_three(stream) as follower:
        life = follower.tail.life
        bell.ring(ring)
        bell.ring(await in_database(say, stream, "next", ts=AFTER))
        await eventually(lambda: follower.has_news)
        assert [event.data.delta for event in await follower.read()] == ["next"]
        assert follower.tail.life == life


async def test_viewer_that_opens_after_it_gets_nothing_of_what_is_lost(stream, slow):
    await in_database(say, stream, "lost", "lost", ts=BEFORE)
    async with at_three(stream):
        await in_database(put_back, stream)
        async with following(stream.pk, epoch=stream.epoch, after=1, on_news=lambda: None) as opened:
            assert await opened.read() == ()


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "single"])
async def test_reading_on_compares_the_time_of_the_last_event(stream, packed):
    def check() -> None:
        say(stream, "a", "b", "c", ts=BEFORE)
        if packed:
            log.compact(stream.pk, 1, 4)
        for after, ts in [(1, 1), (2, BEFORE), (4, BEFORE + 2)]:
            assert read_after(stream.pk, after, ts).continues
            assert not read_after(stream.pk, after, ts + 1).continues
            assert read_after(stream.pk, after).continues, "of an unknown time"
            assert [event.seq for event in read_after(stream.pk, after, ts).events] == list(range(after + 1, 5))
        log.forget_before(stream.pk, 10**6)
        assert read_after(stream.pk, 4, BEFORE + 2).continues, "forgotten, not another"

    await in_database(check)
