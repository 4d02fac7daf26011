"""The reaper: whose runs are orphans, what becomes of them, and when nobody may be declared dead."""

import pytest
from django.db import transaction

from streaming.events import Complete, Metadata, Start, StreamingChunk
from streaming.log import Refused, append_batches
from streaming.models import Engine, Event, Message, Run
from streaming.runs.commit import Saying, commit
from streaming.runs.lease import LEASE_SECONDS, register_engine
from streaming.runs.reap import (
    Patience,
    hand_over,
    queue_age_seconds,
    reap_given_up,
    reap_orphans,
)
from tests.support.rows import a_chat, a_claim, a_run, answer_of, batch, engine_that_left, log, run_of, state, types

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture
def left() -> Engine:
    return engine_that_left()


def test_run_that_said_nothing_gets_a_new_attempt(left):
    claim = a_claim(engine=left)
    assert reap_orphans() == 1
    run = Run.objects.get(pk=claim.run_id)
    assert (run.state, run.engine_id, run.fence) == (Run.State.QUEUED, None, claim.fence + 1)
    assert types(claim.stream_id) == []
    assert a_claim(run).attempt == 2


def test_run_that_only_announced_itself_gets_a_new_attempt(left):
    claim = a_claim(engine=left)
    append_batches([batch(claim, 0, Start())])
    reap_orphans()
    assert state(claim) == Run.State.QUEUED


def test_run_that_said_something_is_interrupted_and_its_text_kept(left):
    sent = a_chat()
    claim = a_claim(sent.run, left)
    append_batches([batch(claim, 0, Start(), "half a ", StreamingChunk("thought", "thinking"), "sentence")])
    assert reap_orphans() == 1
    assert run_of(sent).state == Run.State.INTERRUPTED
    assert run_of(sent).ended_at is not None
    assert answer_of(sent).parts == [["text", "half a "], ["thinking", "thought"], ["text", "sentence"]]
    assert types(claim.stream_id)[-2:] == ["metadata", "interrupted"]
    # Its pace is that of its tokens: the time until the reaper came is not part of it.
    assert log(claim.stream_id)[-2].data == Metadata(first_token_ms=1, duration_ms=3, chunks=3)


def test_run_that_was_asked_to_stop_is_cancelled_by_who_asked(left):
    sent = a_chat()
    claim = a_claim(sent.run, left)
    append_batches([batch(claim, 0, Start(), "kept")])
    Run.objects.filter(pk=claim.run_id).update(stop_requested_by="alice")
    reap_orphans()
    assert run_of(sent).state == Run.State.CANCELLED
    assert answer_of(sent).text == "kept"
    assert log(claim.stream_id)[-1].data.by == "alice"


def test_run_that_was_asked_to_stop_before_it_said_anything_is_cancelled_too(left):
    claim = a_claim(engine=left)
    Run.objects.filter(pk=claim.run_id).update(stop_requested_by="alice")
    reap_orphans()
    assert types(claim.stream_id) == ["cancelled"]


def test_reaping_twice_ends_once(left):
    claim = a_claim(engine=left)
    append_batches([batch(claim, 0, Start(), "a")])
    assert reap_orphans() == 1
    assert reap_orphans() == 0
    assert types(claim.stream_id).count("interrupted") == 1


def test_runs_of_a_live_engine_are_left_alone(left):
    live = a_claim()
    orphan = a_claim(engine=left)
    assert reap_orphans() == 1
    assert (state(live), state(orphan)) == (Run.State.RUNNING, Run.State.QUEUED)


def test_run_whose_engine_has_no_row_is_an_orphan():
    claim = a_claim()
    Run.objects.filter(pk=claim.run_id).update(engine_id="gone")
    assert reap_orphans() == 1


def test_run_that_belongs_to_nobody_is_an_orphan():
    claim = a_claim()
    Run.objects.filter(pk=claim.run_id).update(engine=None)
    assert reap_orphans() == 1


def test_reaper_never_takes_its_own_runs_whatever_its_lease_says(left):
    """The machine slept: the database's clock has moved on, and the heartbeat comes a second later."""
    claim = a_claim(engine=left)
    assert reap_orphans(reaper=left.pk) == 0
    assert state(claim) == Run.State.RUNNING


def test_sole_survivor_takes_everything_but_its_own():
    mine, others = register_engine(capacity=5), register_engine(capacity=5)
    claim, orphan = a_claim(engine=mine), a_claim(engine=others)
    assert reap_orphans(reaper=mine.pk, sole=True) == 1
    assert (state(claim), state(orphan)) == (Run.State.RUNNING, Run.State.QUEUED)


def test_what_an_engine_gave_up_is_taken_over_by_whoever_has_no_patience_yet(left):
    given_up, held, expired = a_claim(engine=left), a_claim(), a_claim()
    Engine.objects.filter(runs=expired.run_id).update(expires_at=1)
    Run.objects.filter(pk=held.run_id).update(engine_id="gone")
    assert reap_given_up(reaper=left.pk) == 0
    assert reap_given_up() == 1
    assert [state(each) for each in (given_up, held, expired)] == [Run.State.QUEUED, *[Run.State.RUNNING] * 2]


def test_zombie_is_refused_after_its_run_was_taken_over(left):
    claim = a_claim(engine=left)
    append_batches([batch(claim, 0, Start(), "before")])
    reap_orphans()
    before = log(claim.stream_id)
    [outcome] = commit([Saying(batch(claim, 2, "after", Complete()), Complete())])
    assert isinstance(outcome, Refused)
    assert log(claim.stream_id) == before


def test_zombie_is_refused_while_the_next_attempt_writes(left):
    claim = a_claim(engine=left)
    reap_orphans()
    again = a_claim(Run.objects.get(pk=claim.run_id))
    zombie, rightful = commit([Saying(batch(claim, 0, "old")), Saying(batch(again, 0, "new"))])
    assert isinstance(zombie, Refused)
    assert [(event.attempt, event.data.delta) for event in log(claim.stream_id)] == [(2, "new")]
    assert rightful.events[0].seq == 1


def test_orphan_whose_log_cannot_be_read_ends_all_the_same_and_so_do_the_others(left):
    both = []
    for _ in range(2):
        both.append(sent := a_chat())
        append_batches([batch(a_claim(sent.run, left), 0, Start(), "a")])
    broken, healthy = both
    Event.objects.filter(run_id=broken.run.pk, type="chunk").update(body="{this is no JSON")
    assert reap_orphans() == 2
    assert run_of(broken).state == run_of(healthy).state == Run.State.INTERRUPTED
    assert answer_of(healthy).text == "a"


def test_orphan_that_cannot_be_ended_does_not_keep_the_others(left, monkeypatch):
    from streaming.runs import reap

    first, second = a_claim(engine=left), a_claim(engine=left)
    real = reap._decide

    def decide(run: Run, *, crashed: bool) -> str:
        if run.pk == first.run_id:
            raise ValueError("nobody thought of this")
        return real(run, crashed=crashed)

    monkeypatch.setattr(reap, "_decide", decide)
    assert reap_orphans() == 1
    assert (state(first), state(second)) == (Run.State.RUNNING, Run.State.QUEUED)


def test_hand_over_of_a_broken_run_ends_it_with_a_typed_error():
    sent = a_chat()
    claim = a_claim(sent.run)
    append_batches([batch(claim, 0, Start(), "kept")])
    hand_over(claim, engine_id=run_of(sent).engine_id, broken=True)
    assert run_of(sent).state == Run.State.ERROR
    assert log(claim.stream_id)[-1].data.code == "unwritable"
    assert answer_of(sent).text == "kept"


def test_hand_over_of_a_whole_run_decides_as_the_reaper_does():
    unspoken, spoken, stopped = (a_claim() for _ in range(3))
    append_batches([batch(spoken, 0, Start(), "a")])
    Run.objects.filter(pk=stopped.run_id).update(stop_requested_by="alice")
    for claim in (unspoken, spoken, stopped):
        hand_over(claim, engine_id=Run.objects.get(pk=claim.run_id).engine_id)
    assert [state(claim) for claim in (unspoken, spoken, stopped)] == ["queued", "interrupted", "cancelled"]


def test_hand_over_of_what_is_not_the_engines_any_more_is_nothing():
    taken, ended, elsewhere = (a_claim() for _ in range(3))
    Run.objects.filter(pk=taken.run_id).update(fence=taken.fence + 1)
    Run.objects.filter(pk=ended.run_id).update(state=Run.State.COMPLETE)
    for claim in (taken, ended):
        hand_over(claim, engine_id=Run.objects.get(pk=claim.run_id).engine_id, broken=True)
    hand_over(elsewhere, engine_id="another", broken=True)
    assert [state(claim) for claim in (taken, ended, elsewhere)] == ["running", "complete", "running"]
    assert not Event.objects.filter(type="error").exists()


def test_message_of_an_orphan_is_written_with_its_terminal_event_or_not_at_all(left):
    sent = a_chat()
    claim = a_claim(sent.run, left)
    append_batches([batch(claim, 0, Start(), "a")])
    with transaction.atomic():
        reap_orphans()
        transaction.set_rollback(True)
    assert (run_of(sent).state, answer_of(sent).parts) == (Run.State.RUNNING, [])
    assert types(claim.stream_id)[-1] == "chunk"
    assert Message.objects.get(pk=sent.answer.pk).parts == []


def test_patience_needs_the_database_throughout_one_lease():
    patience = Patience()
    assert [patience.reached(1000.0 + n) for n in range(8)] == [n >= LEASE_SECONDS for n in range(8)]


def test_patience_starts_anew_after_the_database_was_away():
    patience = Patience()
    for n in range(10):
        patience.reached(1000.0 + n)
    for n in (0.0, 2.4, 4.8):
        assert not patience.reached(1020.0 + n)
    assert patience.reached(1025.0)


def test_patience_starts_anew_after_looks_that_were_missed():
    """A restart of three seconds: whoever is back first declares nobody dead who is not back yet."""
    patience = Patience()
    assert [patience.reached(1000.0 + n) for n in range(10)][-1]
    assert not patience.reached(1009.0 + 3.3)
    assert not patience.reached(1009.0 + 4.4)


def test_patience_starts_anew_when_the_clock_went_back():
    patience = Patience()
    for n in range(10):
        patience.reached(1000.0 + n)
    for n in (0.0, 2.0, 4.0):
        assert not patience.reached(500.0 + n)
    assert patience.reached(505.0)


def test_queue_age_is_that_of_the_oldest_run_that_could_start():
    assert queue_age_seconds() == 0
    waiting = a_run(after=a_run(state=Run.State.RUNNING))
    assert queue_age_seconds() == 0
    Run.objects.filter(pk=waiting.pk).update(after=None)
    assert 0 <= queue_age_seconds() < 60
