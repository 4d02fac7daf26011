"""Leases and fences: who may write, who may take over, and when nobody may."""

import logging
import time

import pytest
from django.db import OperationalError

from streaming.models import Engine as EngineRow
from streaming.models import Run
from streaming.runs import engine as engine_module
from streaming.runs import lease as lease_module
from streaming.runs.service import EngineService
from tests.support.lab import Lab
from tests.support.rows import a_claim, answer_of, log, run_of
from tests.support.scripts import Delta, Gate, Script, spoken
from tests.support.waiting import holds, until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


def heartless(monkeypatch, service: EngineService) -> None:
    """The engine's lease is not renewed any more, and it does not look: as if its process were stopped."""

    def blind(pk):
        if pk == engine_id:
            raise OperationalError("stopped")
        return held(pk)

    real = lease_module.renew_lease
    engine_id = until(lambda: service._engine._id, "it has a row")
    monkeypatch.setattr(lease_module, "renew_lease", lambda pk: True if pk == engine_id else real(pk))
    held = engine_module.held_runs
    monkeypatch.setattr(engine_module, "held_runs", blind)


@pytest.mark.usefixtures("short_leases")
def test_zombie_engine_lands_nothing_after_another_took_over(lab: Lab, monkeypatch):
    gate = Gate()
    lab.answer("Hello", Script([Delta("before "), gate, *spoken(["after "] * 200)]))
    zombie = lab.start(sole_owner=False)
    sent = lab.ask()
    lab.spoke(sent)
    heartless(monkeypatch, zombie)
    lab.start(sole_owner=False)
    assert lab.ended(sent).state == Run.State.INTERRUPTED
    before = log(sent.run.stream_id)
    assert zombie._engine.load == 1
    gate.open()
    assert lab.models.wait_for_request("Hello").over.wait(30)
    until(lambda: zombie._engine.load == 0, "the zombie lets go")
    assert log(sent.run.stream_id) == before
    assert answer_of(sent).text == "before "


def test_engine_takes_nothing_over_before_it_reached_the_database_throughout_one_lease(lab: Lab, short_leases):
    """It cannot know yet whether the others are dead, or the database was away for all of them."""
    claim = a_claim()
    Run.objects.filter(pk=claim.run_id).update(spoke=True)
    EngineRow.objects.update(expires_at=1)
    began = time.monotonic()
    lab.start(sole_owner=False)
    run = lab.ended(Run.objects.get(pk=claim.run_id))
    assert run.state == Run.State.INTERRUPTED
    assert time.monotonic() - began >= short_leases


@pytest.mark.usefixtures("short_leases")
def test_live_engines_leave_each_others_runs_alone(lab: Lab):
    lab.answer("", Script(spoken(["x "] * 60, pause=0.03)))
    for _ in range(2):
        lab.start(sole_owner=False, capacity=3)
    asked = [lab.ask(f"{n}") for n in range(6)]
    for sent in asked:
        run = lab.ended(sent)
        assert (run.state, run.attempt) == (Run.State.COMPLETE, 1)


@pytest.mark.usefixtures("short_leases")
def test_blocked_loop_is_reported_and_keeps_its_lease(lab: Lab, caplog):
    """Code that blocks the loop for two leases: late, but nobody takes the run away."""
    lab.answer("Hello", Script([Delta("a"), *spoken(["b"] * 5, pause=0.2)]))
    service = lab.start(sole_owner=False)
    sent = lab.ask()
    lab.spoke(sent)
    with caplog.at_level(logging.WARNING):
        service._loop.call_soon_threadsafe(time.sleep, 5)
        lab.start(sole_owner=False)
        run = lab.ended(sent)
    assert (run.state, run.attempt) == (Run.State.COMPLETE, 1)
    assert "engine loop is blocked" in caplog.text


@pytest.mark.usefixtures("short_leases")
def test_engine_that_slept_with_its_machine_goes_on_with_its_runs(lab: Lab, monkeypatch):
    """Its own lease has expired by far; its reaper looks before its heartbeat does."""
    gate = Gate()
    lab.answer("Hello", Script([Delta("a"), gate, Delta("b")]))
    lab.start(sole_owner=False)
    sent = lab.ask()
    lab.spoke(sent)
    monkeypatch.setattr(lease_module, "renew_lease", lambda _pk: True)
    EngineRow.objects.update(expires_at=0)
    holds(lambda: run_of(sent).state == Run.State.RUNNING, "the run is its own", seconds=4)
    gate.open()
    run = lab.ended(sent)
    assert (run.state, run.attempt) == (Run.State.COMPLETE, 1)


def test_engine_whose_row_was_swept_away_makes_it_anew(lab: Lab):
    gate = Gate()
    lab.answer("Hello", Script([Delta("a"), gate, Delta("b")]))
    service = lab.start(sole_owner=False)
    sent = lab.ask()
    lab.spoke(sent)
    EngineRow.objects.all()._raw_delete("default")
    until(lambda: EngineRow.objects.filter(pk=service._engine._id, expires_at__gt=0).exists(), "the row is back")
    gate.open()
    run = lab.ended(sent)
    assert (run.state, run.attempt) == (Run.State.COMPLETE, 1)
