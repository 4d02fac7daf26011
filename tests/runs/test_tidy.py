"""After the last word: what is packed, when, and what is forgotten."""

import time

import pytest

from streaming.events import Complete, Start
from streaming.log import append_batches
from streaming.models import Event, Run, Stream
from streaming.models.stream import PACKED
from streaming.runs.housekeeping import compact_ended, forget_old_events, streams_with_leftovers
from tests.support.rows import a_claim, a_run, answer_of, batch, log
from tests.support.scripts import Delta, Script
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
DAY_MS = 86_400_000


def an_ended_run(stream: Stream | None = None, *, ts: int | None = None) -> Stream:
    claim = a_claim(a_run(stream=stream))
    append_batches([batch(claim, 0, Start(), "a", "b", Complete(), **({"ts": ts} if ts else {}))])
    Run.objects.filter(pk=claim.run_id).update(state=Run.State.COMPLETE)
    return Stream.objects.get(pk=claim.stream_id)


def singles(stream: Stream) -> int:
    return Event.objects.filter(stream=stream).exclude(type=PACKED).count()


def test_ended_stretch_is_packed():
    stream = an_ended_run()
    before = log(stream)
    assert compact_ended(stream.pk) == 4
    assert log(stream) == before
    assert Event.objects.filter(stream=stream).count() == 1


@pytest.mark.parametrize("state", [Run.State.RUNNING, Run.State.WAITING])
def test_stream_is_left_alone_while_a_run_of_it_is_being_written(state):
    stream = an_ended_run()
    run = a_run(stream=stream, state=state)
    assert compact_ended(stream.pk) == 0
    Run.objects.filter(pk=run.pk).update(state=Run.State.COMPLETE)
    assert compact_ended(stream.pk) == 4


def test_stream_that_is_gone_is_nothing_to_do():
    assert compact_ended(10**9) == 0


def test_leftovers_are_streams_of_ended_runs_that_nobody_packed():
    left, live, packed = an_ended_run(), an_ended_run(), an_ended_run()
    a_run(stream=live, state=Run.State.RUNNING)
    compact_ended(packed.pk)
    assert list(streams_with_leftovers()) == [left.pk]


def test_nothing_is_forgotten_by_default(settings):
    settings.RETENTION_DAYS = 0
    an_ended_run(ts=1)
    assert forget_old_events() == 0


def test_events_are_forgotten_after_the_days_that_are_set(settings):
    settings.RETENTION_DAYS = 30
    now = int(time.time() * 1000)
    old, young, live = an_ended_run(ts=now - 31 * DAY_MS), an_ended_run(ts=now - 29 * DAY_MS), an_ended_run(ts=1)
    a_run(stream=live, state=Run.State.QUEUED)
    assert forget_old_events() == 4
    assert [len(log(stream)) for stream in (old, young, live)] == [0, 4, 4]
    assert Stream.objects.get(pk=old.pk).first_seq == 5


@pytest.mark.django_db(transaction=True, databases=["default", "reader"])
def test_engine_packs_what_an_earlier_process_left_and_messages_outlive_the_log(lab, settings):
    settings.RETENTION_DAYS = 30
    lab.answer("Hello", Script([Delta("kept")]))
    lab.start()
    sent = lab.ask()
    lab.ended(sent)
    left = an_ended_run()
    Event.objects.filter(stream_id=sent.run.stream_id).update(ts=1)
    until(lambda: singles(Stream.objects.get(pk=sent.run.stream_id)) == 0, "it is packed")
    Event.objects.filter(stream_id=sent.run.stream_id).update(ts=1)
    lab.engines[0].stop()
    lab.start()
    until(lambda: singles(left) == 0, "the leftovers are packed")
    until(lambda: not log(sent.run.stream_id), "the old events are forgotten")
    assert answer_of(sent).text == "kept"
