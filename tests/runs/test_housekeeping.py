"""The chores: what goes, what stays, and that nothing is done twice."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from streaming.events import Complete, Start
from streaming.log import append_batches
from streaming.models import Engine, Event, Run
from streaming.models.database import database_now
from streaming.runs import housekeeping
from streaming.runs.housekeeping import CHORES, pack_leftovers, remove_expired_sessions, sweep_engines
from streaming.runs.lease import register_engine
from tests.support.rows import a_claim, a_run, batch, log

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


def an_ended_run() -> int:
    claim = a_claim(a_run())
    append_batches([batch(claim, 0, Start(), "a", "b", Complete())])
    Run.objects.filter(pk=claim.run_id).update(state=Run.State.COMPLETE)
    return claim.stream_id


def a_session(key: str, *, days: int) -> None:
    Session.objects.create(session_key=key, session_data="x", expire_date=timezone.now() + timedelta(days=days))


def test_engines_that_are_long_dead_and_hold_nothing_are_swept():
    long_dead, holding, fresh = (register_engine(capacity=1) for _ in range(3))
    Engine.objects.filter(pk__in=[long_dead.pk, holding.pk]).update(expires_at=database_now() - 4000)
    a_run(engine=holding, state=Run.State.COMPLETE)
    assert sweep_engines() == 1
    assert set(Engine.objects.values_list("pk", flat=True)) == {holding.pk, fresh.pk}


def test_expired_sessions_are_removed_in_batches_and_others_stay(monkeypatch):
    monkeypatch.setattr(housekeeping, "BATCH_ROWS", 3)
    for number in range(7):
        a_session(f"old-{number}", days=-1)
    a_session("young", days=1)
    assert remove_expired_sessions() == 7
    assert list(Session.objects.values_list("pk", flat=True)) == ["young"]


def test_leftovers_of_many_streams_are_packed_page_by_page(monkeypatch):
    monkeypatch.setattr(housekeeping, "BATCH_ROWS", 2)
    streams = [an_ended_run() for _ in range(5)]
    before = [log(stream) for stream in streams]
    assert pack_leftovers() == 20
    assert [log(stream) for stream in streams] == before
    assert Event.objects.count() == 5


@pytest.mark.parametrize("chore", CHORES)
def test_chore_done_again_finds_nothing(chore, settings):
    settings.RETENTION_DAYS = 1
    an_ended_run()
    a_session("old", days=-1)
    Engine.objects.filter(pk=register_engine(capacity=1).pk).update(expires_at=0)
    CHORES[chore].carry_out()
    assert CHORES[chore].carry_out() == 0
