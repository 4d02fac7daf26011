"""The lease: database time, renewed by its own thread, made anew when its row is gone."""

import logging
import threading
import time

import pytest
from django.db import OperationalError

from streaming.models import Engine
from streaming.models.database import database_now
from streaming.runs import lease
from streaming.runs.lease import LEASE_SECONDS, Heartbeat, end_lease, register_engine, renew_lease
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


def left(engine: Engine) -> float:
    return Engine.objects.get(pk=engine.pk).expires_at - database_now()


def test_lease_is_counted_in_database_time(monkeypatch):
    """This process's clock is an hour wrong, and it does not matter."""
    monkeypatch.setattr(time, "time", lambda: 0.0)
    engine = register_engine(capacity=3)
    assert 0 < left(engine) <= LEASE_SECONDS
    Engine.objects.filter(pk=engine.pk).update(expires_at=0)
    assert renew_lease(engine.pk)
    assert 0 < left(engine) <= LEASE_SECONDS
    end_lease(engine.pk)
    assert left(engine) < 0


def test_engine_says_which_queues_it_serves():
    register_engine(capacity=1, queues=["work"])
    register_engine(capacity=1)
    end_lease(register_engine(capacity=1).pk)
    served = [[engine.serves("streams"), engine.serves("work")] for engine in lease.engines_alive()]
    assert sorted(served) == [[False, True], [True, True]]


def test_lease_of_a_row_that_is_gone_is_not_renewed():
    assert renew_lease("nobody") is False


def test_new_engine_is_never_seen_without_a_lease(monkeypatch):
    """Another engine sweeps expired rows; it must not find one that is just being made."""
    monkeypatch.setattr(lease, "renew_lease", lambda _pk: (_ for _ in ()).throw(OperationalError("gone")))
    with pytest.raises(OperationalError):
        register_engine(capacity=3)
    assert not Engine.objects.exists()


@pytest.fixture
def beating(monkeypatch):
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.05)
    monkeypatch.setattr(lease, "BLOCKED_SECONDS", 0.2)
    engine = register_engine(capacity=3)
    turned = [time.monotonic()]
    alive = threading.Event()

    def last_turn() -> float:
        if not alive.is_set():
            turned[0] = time.monotonic()
        return turned[0]

    heartbeat = Heartbeat(engine, last_turn)
    heartbeat.stand_still = alive.set
    heartbeat.start()
    yield heartbeat
    heartbeat.stop()
    assert not heartbeat.is_alive()


def test_heartbeat_renews(beating):
    engine = Engine.objects.get()
    end_lease(engine.pk)
    until(lambda: left(engine) > 0, "it is renewed")


def test_heartbeat_survives_whatever_fails(beating, monkeypatch):
    engine = Engine.objects.get()
    for error in (OperationalError("away"), RuntimeError("nobody thought of this")):
        failed = threading.Event()

        def fail(_pk: str, error: Exception = error, failed: threading.Event = failed) -> bool:
            failed.set()
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(lease, "renew_lease", fail)
            assert failed.wait(30)
        end_lease(engine.pk)
        until(lambda: left(engine) > 0, "it beats again")


def test_heartbeat_makes_a_row_anew_that_was_swept_away(beating):
    engine = Engine.objects.get()
    Engine.objects.all().delete()
    until(Engine.objects.filter(pk=engine.pk).exists, "the row is back")
    assert left(engine) > 0
    assert Engine.objects.get().capacity == 3


def test_heartbeat_reports_a_loop_that_stands_still_and_goes_on_renewing(beating, caplog):
    engine = Engine.objects.get()
    with caplog.at_level(logging.WARNING):
        beating.stand_still()
        until(lambda: "engine loop is blocked" in caplog.text, "it is reported")
    end_lease(engine.pk)
    until(lambda: left(engine) > 0, "it is renewed all the same")
