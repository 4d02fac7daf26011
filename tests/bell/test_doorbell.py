"""Rings and hints in one process, and the form of rings on a wire."""

import asyncio
import threading

import pytest
from channels.layers import get_channel_layer

from streaming import bell
from streaming.bell.memory import InProcessChannelLayer
from streaming.bell.messages import MAX_EVENT_BYTES, hint_from_wire, hint_to_wire, ring_from_wire, ring_to_wire
from streaming.events import StreamingChunk, event_of
from tests.support.layers import layer_in_place


@pytest.fixture(autouse=True)
def layer():
    with layer_in_place(InProcessChannelLayer()):
        yield


def chunk(seq: int, delta: str = "x"):
    return event_of(StreamingChunk(delta), seq=seq, ts=1, run_id="r", attempt=1)


async def test_ring_from_a_thread_reaches_every_listener_of_its_stream_only():
    events = (chunk(4), chunk(5))
    async with bell.listen(1) as one, bell.listen(1) as two, bell.listen(2) as other:
        thread = threading.Thread(target=bell.ring, args=(bell.Ring(1, "e", 5, events),))
        thread.start()
        thread.join()
        assert await one.next(timeout=30) == await two.next(timeout=30) == bell.Ring(1, "e", 5, events)
        assert await other.next(timeout=0.02) is None


async def test_ring_carries_the_very_objects_inside_a_process():
    events = (chunk(1),)
    async with bell.listen(1) as ear:
        bell.ring(bell.Ring(1, "e", 1, events))
        heard = await anext(aiter(ear))
        assert heard.events is events


async def test_ear_keeps_what_arrives_between_two_calls():
    async with bell.listen(1) as ear:
        assert await ear.next(timeout=0.01) is None
        for seq in (1, 2, 3):
            bell.ring(bell.Ring(1, "e", seq))
        assert [(await ear.next(timeout=30)).seq for _ in range(2)] == [1, 2]
        assert (await anext(aiter(ear))).seq == 3


async def test_listening_leaves_nothing_behind():
    async with bell.listen(1) as ear:
        assert await ear.next(timeout=0.01) is None
    layer = get_channel_layer()
    assert not layer._groups
    assert not layer._boxes


def test_ring_without_listeners_and_without_a_loop_is_silent():
    before = bell.health().failed
    bell.ring(bell.Ring(9, "e", 1))
    assert bell.health().failed == before


def test_ring_never_raises_when_the_layer_does():
    class Broken(InProcessChannelLayer):
        def group_send_now(self, *_):
            raise RuntimeError("broken on purpose")

    before = bell.health().failed
    with layer_in_place(Broken()):
        bell.ring(bell.Ring(1, "e", 1))
        bell.hint_engines(bell.EngineHint("stop", "r"))
    assert bell.health().failed == before + 2


async def test_hints_reach_every_engine():
    async with bell.listen_for_hints() as one, bell.listen_for_hints() as two:
        await asyncio.to_thread(bell.hint_engines, bell.EngineHint("stop", "r1"))
        assert await one.next(timeout=30) == await two.next(timeout=30) == bell.EngineHint("stop", "r1")


def test_wire_form_round_trips_small_events_and_leaves_big_ones_to_the_log():
    small = bell.Ring(7, "ab", 12, (chunk(11, "<b>é\n"), chunk(12)))
    assert ring_from_wire(ring_to_wire(small)) == small
    big = bell.Ring(7, "ab", 12, (chunk(12, "x" * MAX_EVENT_BYTES),))
    assert ring_from_wire(ring_to_wire(big)) == bell.Ring(7, "ab", 12)


def test_wire_form_of_a_newer_version_still_gives_the_head():
    message = ring_to_wire(bell.Ring(7, "ab", 12, (chunk(12),)))
    message["events"] = message["events"].replace(b'"chunk"', b'"of_tomorrow"')
    assert ring_from_wire(message) == bell.Ring(7, "ab", 12)


def test_hint_of_an_older_version_is_for_every_queue():
    hint = bell.EngineHint("claim", "r1", "work")
    message = hint_to_wire(hint)
    assert hint_from_wire(message) == hint
    del message["queue"]
    assert hint_from_wire(message) == bell.EngineHint("claim", "r1")
