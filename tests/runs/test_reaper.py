"""The look for runs of dead engines, beside engines and instead of them."""

import logging

import pytest
from django.db import OperationalError

from streaming.models import Engine, Run
from streaming.runs import reaper as reaper_module
from streaming.runs.lease import LEASE_SECONDS, end_lease, register_engine
from streaming.runs.reaper import Reaper, ReaperThread
from tests.support.failing import Failing
from tests.support.rows import a_claim
from tests.support.waiting import until

NOW = 1_800_000_000.0


def state(claim) -> str:
    return Run.objects.get(pk=claim.run_id).state


class Clock:
    """The database's clock as the reaper reads it, second by second."""

    def __init__(self, monkeypatch) -> None:
        self.now = NOW
        monkeypatch.setattr(reaper_module, "database_now", self.read)

    def read(self) -> float:
        self.now += 1
        return self.now


@pytest.mark.django_db
def test_reaper_declares_nobody_dead_before_one_lease_and_takes_what_was_given_up_at_once(monkeypatch):
    clock, reaper = Clock(monkeypatch), Reaper()
    dead, leaving = register_engine(capacity=1), register_engine(capacity=1)
    orphan, given_up = a_claim(engine=dead), a_claim(engine=leaving)
    Engine.objects.filter(pk=dead.pk).update(expires_at=NOW - 1)
    Engine.objects.filter(pk=leaving.pk).update(expires_at=NOW + 60)
    end_lease(leaving.pk)
    assert reaper.look() == 1
    assert state(given_up) == Run.State.QUEUED
    while clock.now < NOW + LEASE_SECONDS:
        assert reaper.look() == 0
    assert reaper.look() == 1
    assert state(orphan) == Run.State.QUEUED


@pytest.mark.django_db
def test_reaper_whose_question_arrives_late_ends_nothing_of_an_engine_that_could_not_renew_meanwhile(monkeypatch):
    """The database stood still between two statements, for all: when it goes on, every lease has expired."""
    clock, reaper = Clock(monkeypatch), Reaper()
    alive = register_engine(capacity=1)
    claim = a_claim(engine=alive)
    Engine.objects.filter(pk=alive.pk).update(expires_at=NOW + 60)
    while clock.now < NOW + 2 * LEASE_SECONDS:
        reaper.look()
    Engine.objects.filter(pk=alive.pk).update(expires_at=clock.now + 2)  # long ago for the database's own clock
    Run.objects.update(state=Run.State.RUNNING)
    assert reaper.look() == 0
    assert state(claim) == Run.State.RUNNING


@pytest.mark.django_db(transaction=True)
def test_thread_looks_on_whatever_fails_and_ends_when_told(monkeypatch, caplog):
    monkeypatch.setattr(reaper_module, "LOOK_SECONDS", 0.05)
    away = Failing(monkeypatch, reaper_module, "database_now", OperationalError("is away"), times=2)
    broken = Failing(monkeypatch, reaper_module, "reap_given_up", RuntimeError("nobody thought of this"), times=2)
    leaving = register_engine(capacity=1)
    claim = a_claim(engine=leaving)
    end_lease(leaving.pk)
    thread = ReaperThread()
    with caplog.at_level(logging.WARNING):
        thread.start()
        until(lambda: state(claim) == Run.State.QUEUED, "what was given up is taken over")
    assert (away.count, broken.count) == (2, 2)
    assert "nobody is declared dead" in caplog.text
    thread.stop()
    assert not thread.is_alive()
