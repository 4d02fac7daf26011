"""Claiming: the oldest first, as many as there is room, nobody before whom it waits for, each time a higher fence."""

import threading

import pytest

from streaming.models import Engine, Run
from streaming.models.database import database_now
from streaming.runs.claim import claim_runs, held_runs
from streaming.runs.lease import register_engine, renew_lease
from tests.support.rows import a_run

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


def claimed(engine, room: int = 10) -> list[str]:
    return [claim.run_id for claim in claim_runs(engine.pk, room=room)]


def test_claim_takes_the_oldest_first_and_no_more_than_there_is_room():
    engine = register_engine(capacity=3)
    runs = [a_run().pk for _ in range(5)]
    assert claimed(engine, 2) == runs[:2]
    assert claimed(engine, 0) == []
    assert claimed(engine, -1) == []
    assert claimed(engine, 10) == runs[2:]
    assert claimed(engine, 10) == []


def test_engine_whose_lease_has_expired_claims_nothing_until_it_is_renewed():
    """It stood still, say, and its claim comes before its heartbeat: others would take the run away at once."""
    engine, run = register_engine(capacity=3), a_run()
    Engine.objects.filter(pk=engine.pk).update(expires_at=database_now() - 0.1)
    assert claimed(engine) == []
    renew_lease(engine.pk)
    assert claimed(engine) == [run.pk]


def test_claim_goes_by_the_time_of_queueing_not_by_the_id():
    engine, first, second = register_engine(capacity=3), a_run(), a_run()
    Run.objects.filter(pk=first.pk).update(queued_at=second.queued_at)
    Run.objects.filter(pk=second.pk).update(queued_at=first.queued_at)
    assert claimed(engine) == [second.pk, first.pk]


def test_claim_marks_the_run_as_the_engines():
    engine, run = register_engine(capacity=1), a_run()
    Run.objects.filter(pk=run.pk).update(last_n=7, spoke=True, attempt=1, fence=4)
    [claim] = claim_runs(engine.pk, room=1)
    assert (claim.run_id, claim.stream_id, claim.attempt, claim.fence) == (run.pk, run.stream_id, 2, 5)
    run.refresh_from_db()
    assert (run.state, run.engine_id, run.attempt, run.fence) == (Run.State.RUNNING, engine.pk, 2, 5)
    assert (run.last_n, run.spoke) == (0, False)
    assert run.started_at is not None
    assert held_runs(engine.pk)[run.pk].claim == claim


@pytest.mark.parametrize("state", [Run.State.QUEUED, Run.State.RUNNING, Run.State.WAITING])
def test_claim_leaves_a_run_in_line_while_its_predecessor_is_live(state):
    engine = register_engine(capacity=5)
    before = a_run(state=state)
    behind = a_run(after=before)
    assert behind.pk not in claimed(engine)
    Run.objects.filter(pk=before.pk).update(state=Run.State.RUNNING)
    assert claimed(engine) == []


@pytest.mark.parametrize("state", Run.ENDED)
def test_claim_takes_a_run_in_line_once_its_predecessor_has_ended_however(state):
    engine = register_engine(capacity=5)
    behind = a_run(after=a_run(state=state))
    assert claimed(engine) == [behind.pk]


def test_claim_takes_a_run_whose_predecessor_is_gone():
    engine = register_engine(capacity=5)
    before = a_run(state=Run.State.RUNNING)
    behind = a_run(after=before)
    before.delete()
    assert claimed(engine) == [behind.pk]


@pytest.mark.parametrize("state", [state for state in Run.State if state != Run.State.QUEUED])
def test_claim_takes_queued_runs_only(state):
    a_run(state=state)
    assert claimed(register_engine(capacity=5)) == []


def test_held_runs_are_the_live_ones_of_this_engine():
    engine, other = register_engine(capacity=5), register_engine(capacity=5)
    mine = [a_run(engine=engine, state=state).pk for state in (Run.State.RUNNING, Run.State.WAITING)]
    a_run(engine=other, state=Run.State.RUNNING)
    a_run(engine=engine, state=Run.State.COMPLETE)
    Run.objects.filter(pk=mine[0]).update(stop_requested_by="alice")
    rows = held_runs(engine.pk)
    assert sorted(rows) == sorted(mine)
    assert [rows[run_id].stop_requested_by for run_id in mine] == ["alice", ""]


@pytest.mark.django_db(transaction=True, databases=["default", "reader"])
def test_claims_of_many_engines_at_once_share_the_runs_without_overlap():
    engines = [register_engine(capacity=50) for _ in range(4)]
    runs = {a_run().pk for _ in range(40)}
    taken: dict[str, list[str]] = {engine.pk: [] for engine in engines}
    barrier = threading.Barrier(len(engines))

    def take(engine) -> None:
        from django.db import connection

        barrier.wait()
        for _ in range(10):
            taken[engine.pk] += claimed(engine, 3)
        connection.close()

    threads = [threading.Thread(target=take, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [run for found in taken.values() for run in found]
    assert len(everything) == 40
    assert set(everything) == runs
    for engine_id, found in taken.items():
        assert set(Run.objects.filter(engine_id=engine_id).values_list("pk", flat=True)) == set(found)
