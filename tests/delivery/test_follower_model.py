"""A model of log, doorbell and viewers: whatever happens to the rings, a viewer has a prefix of the log.

The log is the real one on SQLite, the doorbell the real one in process. Rings are lost, repeated, reordered,
doubled, late, without their events, or come from an epoch that is over.
"""

import asyncio
from dataclasses import dataclass, field

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from streaming import bell, log
from streaming.delivery import tail as tail_module
from streaming.delivery.follower import ContinuityLostError, Follower
from streaming.delivery.tails import Tails
from streaming.events import StreamingChunk, StreamingEvent
from streaming.models import Event, Stream
from streaming.models.identity import new_epoch

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


@dataclass
class Viewer:
    follower: Follower
    start: int
    got: list[StreamingEvent] = field(default_factory=list)


class LogDoorbellViewers(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.tails = Tails()
        self.viewers: list[Viewer] = []
        self.rings: list[bell.Ring] = []
        self.logged: list[StreamingEvent] = []
        self.said = 0

    @initialize()
    def begin(self) -> None:
        self.row = Stream.objects.create()
        self.join(0.0)
        self.join(0.0)

    @rule(events=st.one_of(st.integers(1, 5), st.just(300)), carried=st.booleans(), earlier=st.integers(0, 3))
    def append(self, events: int, carried: bool, earlier: int = 0) -> None:
        """Commit some events; the ring may carry them, and some `earlier` ones again."""
        items = []
        for _ in range(events):
            self.said += 1
            items.append(log.prepare(StreamingChunk(f"{self.said} "), ts=self.said))
        with transaction.atomic():
            epoch, added = log.append_events(self.row.pk, items)
        added = (*self.logged[len(self.logged) - earlier :], *added) if self.logged and earlier else added
        self.logged += added[-events:]
        self.rings.append(bell.Ring(self.row.pk, epoch, added[-1].seq, added if carried else ()))

    @precondition(lambda self: self.rings)
    @rule(which=st.integers(0, 50), repeat=st.booleans())
    def deliver(self, which: int, repeat: bool) -> None:
        ring = self.rings[which % len(self.rings)]
        bell.ring(ring)
        if repeat:
            bell.ring(ring)
        self.step()

    @rule(ticks=st.lists(st.sampled_from(["heard", "lost", "late", "twice"]), max_size=6), reading=st.booleans())
    def stream(self, ticks: list[str], reading: bool) -> None:
        """A run speaks in ticks; viewers read along or later."""
        late = []
        for fate in ticks:
            self.append(2, carried=True)
            ring = self.rings.pop()
            late += [ring] * (fate == "late")
            for _ in range({"heard": 1, "twice": 2}.get(fate, 0)):
                bell.ring(ring)
            self.step()
            if reading:
                self.read_all()
        for ring in reversed(late):
            bell.ring(ring)
        self.step()
        self.read_all()

    def read_all(self) -> None:
        for viewer in self.viewers:
            self.loop.run_until_complete(self._read(viewer))

    @precondition(lambda self: self.rings)
    @rule(which=st.integers(0, 50))
    def lose(self, which: int) -> None:
        self.rings.pop(which % len(self.rings))

    @rule()
    def ring_without_knowledge(self) -> None:
        bell.ring(bell.Ring(self.row.pk, "", 0))
        self.step()

    @precondition(lambda self: len(self.viewers) < 4)
    @rule(share=st.floats(0, 1))
    def join(self, share: float) -> None:
        after = int(share * len(self.logged))
        self.viewers.append(self.loop.run_until_complete(self._join(after)))

    async def _join(self, after: int) -> Viewer:
        tail = await self.tails.acquire(self.row.pk)
        return Viewer(Follower(tail, epoch=tail.epoch, seq=after, on_news=lambda: None), after)

    @precondition(lambda self: self.viewers)
    @rule(which=st.integers(0, 3))
    def leave(self, which: int) -> None:
        viewer = self.viewers.pop(which % len(self.viewers))
        self.loop.run_until_complete(self._leave(viewer))

    async def _leave(self, viewer: Viewer) -> None:
        self.tails.release(viewer.follower.tail)
        await asyncio.sleep(0)

    @precondition(lambda self: self.viewers)
    @rule(which=st.integers(0, 3))
    def read(self, which: int) -> None:
        self.loop.run_until_complete(self._read(self.viewers[which % len(self.viewers)]))

    async def _read(self, viewer: Viewer) -> None:
        viewer.got += await viewer.follower.read()  # continuity is never lost without a cause

    @precondition(lambda self: self.logged)
    @rule()
    def compact(self) -> None:
        log.compact(self.row.pk, self.logged[0].seq, self.logged[-1].seq)

    @precondition(lambda self: self.logged)
    @rule()
    def rotate_epoch(self) -> None:
        """An import over: other events under the same numbers. Everybody has to start anew."""
        log.compact(self.row.pk, 1, len(self.logged))
        with transaction.atomic():
            Event.objects.filter(stream=self.row).delete()
            Stream.objects.filter(pk=self.row.pk).update(epoch=new_epoch(), last_seq=0)
        self.logged = []
        self.append(3, carried=False)
        self.look()
        for viewer in list(self.viewers):
            with pytest.raises(ContinuityLostError):
                self.loop.run_until_complete(viewer.follower.read())
            self.leave(self.viewers.index(viewer))

    @rule()
    def look(self) -> None:
        """What the watch does each second."""
        self.loop.run_until_complete(self._look())

    async def _look(self) -> None:
        for held in list(self.tails._held.values()):
            held.tail.hear(bell.Ring(self.row.pk, "", 0))
            await held.tail.fill()

    def step(self) -> None:
        """Let waiting tasks run a little, but not to their ends."""
        self.loop.run_until_complete(asyncio.sleep(0.001))

    @invariant()
    def every_viewer_has_a_stretch_of_the_log(self) -> None:
        for viewer in self.viewers:
            assert viewer.got == self.logged[viewer.start : viewer.start + len(viewer.got)]

    @invariant()
    def memory_is_bounded(self) -> None:
        for held in self.tails._held.values():
            assert len(held.tail._events) <= 2 * tail_module.KEPT_EVENTS + 300

    def teardown(self) -> None:
        self.loop.run_until_complete(self._finish())
        self.loop.close()

    async def _finish(self) -> None:
        await self._look()
        for viewer in self.viewers:
            while events := await viewer.follower.read():
                viewer.got += events
            assert viewer.got == self.logged[viewer.start :]
            self.tails.release(viewer.follower.tail)
        await asyncio.sleep(0.01)
        assert not len(self.tails)


def test_viewers_always_have_a_prefix_and_reach_the_head(layer, monkeypatch):
    monkeypatch.setattr(tail_module, "KEPT_EVENTS", 6)
    run_state_machine_as_test(
        LogDoorbellViewers,
        settings=settings(
            max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
