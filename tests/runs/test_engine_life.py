"""The engine goes on whatever fails in it, and hands its runs over when it stops."""

import logging
import threading
import time

import pytest

from streaming.bell import Ear
from streaming.models import Run
from streaming.runs import engine as engine_module
from streaming.runs import group as group_module
from streaming.runs import lease as lease_module
from streaming.runs import reaper as reaper_module
from streaming.runs import service as service_module
from streaming.runs import tidy as tidy_module
from streaming.runs.service import EngineService
from streaming.runs.tidy import Tidier
from tests.support.failing import Failing, stopped_while_away
from tests.support.rows import answer_of, ends, log, run_of, said, types
from tests.support.scripts import Delta, Gate, Script, Silence, spoken
from tests.support.waiting import holds, until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (engine_module, "claim_runs"),
        (engine_module, "held_runs"),
        (reaper_module, "reap_orphans"),
        (reaper_module, "database_now"),
        (Ear, "__anext__"),
        (group_module.GroupWriter, "_settle"),
        (tidy_module, "compact_ended"),
        (Tidier, "ended"),
        (lease_module, "renew_lease"),
    ],
)
@pytest.mark.usefixtures("short_leases")
def test_engine_survives_an_unforeseen_error_in_each_of_its_parts(lab, monkeypatch, place, name):
    monkeypatch.setattr(engine_module, "RETRY_SECONDS", 0.05)
    lab.answer("", Script(spoken(["a ", "b"], pause=0.01)))
    lab.start(sole_owner=False)
    first = lab.ask("first")
    assert lab.ended(first).state == Run.State.COMPLETE
    failing = Failing(monkeypatch, place, name, RuntimeError("nobody thought of this"), times=2)
    second = lab.ask("second")
    until(lambda: failing.count, "it fails")
    third = lab.ask("third")
    for sent in (second, third):
        assert lab.ended(sent).state in {Run.State.COMPLETE, Run.State.INTERRUPTED}
        assert ends(sent) == [run_of(sent).state]


def test_engine_that_cannot_live_is_replaced(lab, monkeypatch, caplog):
    monkeypatch.setattr(service_module, "RESTART_SECONDS", 0.05)
    failing = Failing(monkeypatch, engine_module, "register_engine", RuntimeError("no row for you"), times=2)
    lab.answer("", Script([Delta("ok")]))
    with caplog.at_level(logging.ERROR):
        lab.start()
        assert lab.ended(lab.ask()).state == Run.State.COMPLETE
    assert failing.count == 2
    assert "engine failed" in caplog.text


def test_run_whose_task_is_cancelled_by_nobody_we_know_is_handed_over(lab):
    lab.answer("Hello", Script([Delta("kept"), Silence()]))
    service = lab.start()
    sent = lab.ask()
    lab.spoke(sent)
    engine = service._engine
    service._loop.call_soon_threadsafe(lambda: [held.task.cancel() for held in engine._holding.all()])
    assert lab.ended(sent).state == Run.State.INTERRUPTED
    assert answer_of(sent).text == "kept"


def test_service_that_cannot_start_says_so(monkeypatch):
    Failing(monkeypatch, service_module, "sync_environment", RuntimeError("no such table"))
    with pytest.raises(RuntimeError, match="did not start"):
        EngineService(sole_owner=True).start()


def test_service_can_be_asked_anything_after_it_has_stopped(lab):
    service = lab.start()
    service.stop()
    service.look()
    service.stop(drain_seconds=5)
    service.stop()


def test_shutting_down_does_not_wait_for_an_end_that_cannot_be_written(lab, monkeypatch):
    """A stop is being carried out, the database is away, and the process has to go."""
    service, sent, away = stopped_while_away(lab, monkeypatch)
    began = time.monotonic()
    service.stop()
    assert time.monotonic() - began < group_module.GIVE_UP_SECONDS / 2
    away.on = False
    lab.start()
    assert lab.ended(sent).state == Run.State.CANCELLED
    assert answer_of(sent).text == "a"


def test_restart_in_mid_stream_interrupts_with_the_text_of_the_log_at_once(lab):
    lab.answer("Hello", Script(spoken([f"{n} " for n in range(5000)])))
    first = lab.start()
    sent = lab.ask()
    lab.spoke(sent)
    until(lambda: len(said(sent)) > 60, "some text is there")
    first.stop()
    shown = said(sent)
    assert run_of(sent).state == Run.State.RUNNING
    assert lab.models.wait_for_request("Hello").over.wait(30)
    began = time.monotonic()
    lab.start()
    assert lab.ended(sent).state == Run.State.INTERRUPTED
    assert time.monotonic() - began < lease_module.LEASE_SECONDS, "nobody waits for a lease to expire"
    assert answer_of(sent).text == said(sent) == shown
    assert ends(sent) == ["interrupted"]


def test_restart_before_the_first_token_begins_anew_by_itself(lab):
    gate = Gate()
    lab.answer("Hello", lambda exchange: Script([Silence() if exchange.number == 1 else gate, Delta("answer")]))
    first = lab.start()
    sent = lab.ask()
    lab.models.wait_for_request("Hello")
    until(lambda: "start" in types(sent.run.stream_id), "it is announced")
    first.stop()
    lab.start()
    lab.models.wait_for_request("Hello", count=2)
    gate.open()
    run = lab.ended(sent)
    assert (run.state, run.attempt) == (Run.State.COMPLETE, 2)
    assert [event.attempt for event in log(sent.run.stream_id) if event.type == "start"] == [1, 2]
    assert answer_of(sent).text == "answer"


def test_drain_lets_answers_end_and_takes_no_new_ones(lab):
    gate = Gate()
    lab.answer("first", Script([Delta("a"), gate, Delta("b")]))
    service = lab.start()
    sent = lab.ask("first")
    lab.spoke(sent)
    stopping = threading.Thread(target=service.stop, kwargs={"drain_seconds": 60})
    stopping.start()
    until(lambda: service._engine._draining, "it drains")
    late = lab.ask("late")
    holds(lambda: run_of(late).state == Run.State.QUEUED, "the new run waits", seconds=0.3)
    gate.open()
    stopping.join(45)
    assert not stopping.is_alive()
    assert run_of(sent).state == Run.State.COMPLETE
    assert answer_of(sent).text == "ab"
    lab.answer("late", Script([Delta("ok")]))
    lab.start()
    assert lab.ended(late).state == Run.State.COMPLETE


def test_drain_has_an_end(lab):
    lab.answer("Hello", Script([Delta("a"), Silence()]))
    service = lab.start()
    sent = lab.ask()
    lab.spoke(sent)
    began = time.monotonic()
    service.stop(drain_seconds=0.3)
    assert 0.3 <= time.monotonic() - began < 30
    assert run_of(sent).state == Run.State.RUNNING
    lab.start()
    assert lab.ended(sent).state == Run.State.INTERRUPTED
