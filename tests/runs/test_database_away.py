"""A database that is away costs time, never a token; and an engine gives up only after a minute."""

import sqlite3
import time

import pytest
from django.conf import settings
from django.db import connection as django_connection

from streaming.models import Run
from streaming.runs import commit as commit_module
from streaming.runs import engine as engine_module
from streaming.runs import group as group_module
from streaming.runs import lease as lease_module
from streaming.runs import prepare as prepare_module
from streaming.runs import writer as writer_module
from tests.support.failing import AWAY, Failing, stopped_while_away
from tests.support.rows import answer_of, ends, said
from tests.support.scripts import Delta, Gate, Script, Silence, gated, spoken
from tests.support.waiting import holds, until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


@pytest.mark.sqlite
def test_database_locked_beyond_its_patience_loses_nothing(lab):
    """Another process holds SQLite's write lock for longer than the busy timeout."""
    tokens = [f"{n} " for n in range(100)]
    gate = Gate()
    lab.answer("Hello", Script(gated(tokens, gate, pause=0.005)))
    lab.start()
    sent = lab.ask()
    lab.spoke(sent)
    other = sqlite3.connect(django_connection.settings_dict["NAME"], isolation_level=None, timeout=30)
    other.execute("BEGIN EXCLUSIVE")
    gate.open()
    try:
        time.sleep(settings.DATABASES["default"]["OPTIONS"]["timeout"] + 0.7)
        other.execute("ROLLBACK")
    finally:
        other.close()
    run = lab.ended(sent)
    assert (run.state, run.attempt) == (Run.State.COMPLETE, 1)
    assert said(sent) == answer_of(sent).text == "".join(tokens)


def test_database_away_for_a_while_bounds_what_is_unwritten_and_the_model_waits(lab, monkeypatch):
    monkeypatch.setattr(writer_module, "UNWRITTEN_CHARACTERS", 20_000)
    gate = Gate()  # the rest comes when the database is away, not before
    lab.answer("Hello", Script([Delta("begin "), gate, *spoken(["x" * 1000] * 400, pause=0)]))
    service = lab.start()
    away = Failing(monkeypatch, commit_module, "_commit", AWAY)
    away.on = False
    sent = lab.ask()
    lab.spoke(sent)
    away.on = True
    gate.open()
    until(lambda: away.count, "the database is missed")
    [held] = service._engine._holding.all()
    until(lambda: held.writer.is_full, "it holds what it may hold")
    holds(lambda: held.writer._unwritten < 22_000, "it holds no more", seconds=0.5)
    away.on = False
    assert lab.ended(sent).state == Run.State.COMPLETE
    assert said(sent) == "begin " + "x" * 400_000


def test_database_away_for_too_long_gives_up_and_the_run_is_ended_with_its_text(lab, monkeypatch):
    monkeypatch.setattr(group_module, "GIVE_UP_SECONDS", 0.5)
    lab.answer("Hello", Script([Delta("kept "), *spoken(["lost "] * 5000)]))
    lab.start()
    away = Failing(monkeypatch, commit_module, "_commit", AWAY)
    away.on = False
    sent = lab.ask()
    lab.spoke(sent)
    away.on = True
    exchange = lab.models.wait_for_request("Hello")
    assert exchange.over.wait(30), "the model is still being read"
    away.on = False
    run = lab.ended(sent)
    assert run.state == Run.State.INTERRUPTED
    assert answer_of(sent).text == said(sent)
    assert said(sent).startswith("kept ")
    assert ends(sent) == ["interrupted"]


def test_model_that_says_nothing_is_not_waited_for_by_an_engine_that_was_cut_off_for_too_long(lab, monkeypatch):
    """Nothing has to be written, so only the heartbeat notices."""
    monkeypatch.setattr(engine_module, "GIVE_UP_SECONDS", 1.5)
    lab.answer("Hello", Script([Delta("kept"), Silence()]))
    lab.start()
    sent = lab.ask()
    lab.spoke(sent)
    away = Failing(monkeypatch, lease_module, "renew_lease", AWAY)
    exchange = lab.models.wait_for_request("Hello")
    assert exchange.over.wait(30), "the model is still being read"
    away.on = False
    assert lab.ended(sent).state == Run.State.INTERRUPTED
    assert answer_of(sent).text == said(sent) == "kept"


def test_commit_cut_after_it_was_carried_out_shows_each_token_once(lab, monkeypatch):
    tokens = [f"{n} " for n in range(60)]
    lab.answer("Hello", Script(spoken(tokens)))
    lab.start()
    Failing(monkeypatch, commit_module, "_commit", AWAY, after=True, times=5)
    sent = lab.ask()
    assert lab.ended(sent).state == Run.State.COMPLETE
    assert said(sent) == "".join(tokens)
    assert ends(sent) == ["complete"]


def test_claim_cut_after_it_was_carried_out_does_not_lose_the_run(lab, monkeypatch):
    """The run is claimed and no one knows: neither the engine, which saw an error, nor the reaper, as it lives."""
    lab.answer("", Script([Delta("ok")]))
    sent = lab.ask()
    cut = Failing(monkeypatch, engine_module, "claim_runs", AWAY, after=True, times=1)
    lab.start()
    run = lab.ended(sent)
    assert cut.count == 1
    assert (run.state, run.attempt) == (Run.State.COMPLETE, 2)
    assert answer_of(sent).text == "ok"


def test_database_away_while_a_run_is_prepared_only_delays_it(lab, monkeypatch):
    lab.answer("", Script([Delta("ok")]))
    monkeypatch.setattr(prepare_module, "RETRY_SECONDS", 0.05)
    away = Failing(monkeypatch, prepare_module, "prepare_run", AWAY, times=5)
    lab.start()
    run = lab.ended(lab.ask())
    assert away.count == 5
    assert (run.state, run.attempt) == (Run.State.COMPLETE, 1)


def test_database_away_for_too_long_while_a_run_is_prepared_gives_it_a_new_attempt(lab, monkeypatch):
    lab.answer("", Script([Delta("ok")]))
    monkeypatch.setattr(prepare_module, "GIVE_UP_SECONDS", 0)
    Failing(monkeypatch, prepare_module, "prepare_run", AWAY, times=1)
    lab.start()
    run = lab.ended(lab.ask())
    assert (run.state, run.attempt) == (Run.State.COMPLETE, 2)


def test_stop_while_the_database_is_away_ends_the_run_when_it_is_back(lab, monkeypatch):
    service, sent, away = stopped_while_away(lab, monkeypatch)
    assert service._engine.load == 1
    away.on = False
    assert lab.ended(sent).state == Run.State.CANCELLED
    assert ends(sent) == ["cancelled"]
