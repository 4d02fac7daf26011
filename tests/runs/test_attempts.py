"""Another attempt at an orphaned run: how often, and for which agents whatever was said."""

import pytest

from streaming.events import Failed, Start, StreamingBuffer
from streaming.log import append_batches
from streaming.models import Engine, Run
from streaming.runs.lease import register_engine
from streaming.runs.reap import MAX_CRASHES, hand_over, reap_given_up, reap_orphans
from tests.support import work_agents  # noqa: F401 - registers them
from tests.support.rows import a_chat, a_claim, a_run, answer_of, batch, engine_that_left, log, run_of, state, types

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture
def left() -> Engine:
    return engine_that_left()


def test_run_that_kills_every_engine_is_given_up():
    sent = a_chat()
    for attempt in range(1, MAX_CRASHES + 1):
        engine = register_engine(capacity=10)
        claim = a_claim(run_of(sent), engine)
        assert claim.attempt == attempt
        Engine.objects.filter(pk=engine.pk).update(expires_at=1)
        reap_orphans()
    assert run_of(sent).state == Run.State.ERROR
    end = log(sent.run.stream_id)[-1].data
    assert isinstance(end, Failed)
    assert (end.code, end.retryable) == ("crashed", True)
    assert "3 times" in end.message
    assert answer_of(sent).facts["error"]["code"] == "crashed"


@pytest.mark.parametrize("take_over", [reap_orphans, reap_given_up])
def test_run_that_was_handed_over_politely_is_tried_again_however_often(left, take_over):
    sent = a_chat()
    for attempt in range(1, 3 * MAX_CRASHES):
        assert a_claim(run_of(sent), left).attempt == attempt
        take_over()
    assert (run_of(sent).state, run_of(sent).crashes) == (Run.State.QUEUED, 0)


def test_handing_over_in_between_does_not_make_crashes_undone(left):
    sent, crashed = a_chat(), Engine.objects.create(label="crashed", capacity=1, expires_at=1)
    for engine in (crashed, left, crashed, left):
        a_claim(run_of(sent), engine)
        reap_orphans()
        assert run_of(sent).state == Run.State.QUEUED
    a_claim(run_of(sent), crashed)
    reap_orphans()
    assert (run_of(sent).state, run_of(sent).attempt) == (Run.State.ERROR, 5)


def test_run_that_fails_outside_its_agent_again_and_again_is_given_up():
    sent = a_chat()
    for _ in range(MAX_CRASHES):
        claim = a_claim(run_of(sent))
        hand_over(claim, engine_id=run_of(sent).engine_id, crashed=True)
    assert run_of(sent).state == Run.State.ERROR


def test_run_of_a_resumable_agent_begins_anew_whatever_it_had_said(left):
    claim = a_claim(a_run(agent="anew"), left)
    append_batches([batch(claim, 0, Start(), "half a")])
    assert reap_orphans() == 1
    again = a_claim(Run.objects.get(pk=claim.run_id))
    assert again.attempt == 2
    append_batches([batch(again, 0, Start(), "whole")])
    shown = StreamingBuffer()
    for event in log(claim.stream_id):
        shown.add(event)
    assert types(claim.stream_id) == ["start", "chunk", "start", "chunk"]
    assert shown.content == "whole"


def test_run_of_a_resumable_agent_that_was_asked_to_stop_is_cancelled(left):
    claim = a_claim(a_run(agent="anew"), left)
    append_batches([batch(claim, 0, Start(), "a")])
    Run.objects.filter(pk=claim.run_id).update(stop_requested_by="alice")
    reap_orphans()
    assert state(claim) == Run.State.CANCELLED


def test_run_of_a_resumable_agent_that_kills_every_engine_is_interrupted_in_the_end():
    run, crashed = a_run(agent="anew"), Engine.objects.create(label="crashed", capacity=1, expires_at=1)
    for _ in range(MAX_CRASHES):
        claim = a_claim(Run.objects.get(pk=run.pk), crashed)
        append_batches([batch(claim, 0, Start(), "a")])
        reap_orphans()
    assert (state(claim), claim.attempt) == (Run.State.INTERRUPTED, MAX_CRASHES)


def test_run_of_an_agent_that_is_not_known_here_is_interrupted(left):
    claim = a_claim(a_run(agent="gone"), left)
    append_batches([batch(claim, 0, Start(), "a")])
    assert reap_orphans() == 1
    assert state(claim) == Run.State.INTERRUPTED
