"""Stop means stop: queued, before the first token, in mid-stream, at the very end; once, whoever else ends the run."""

import threading
import time

import pytest

from streaming.events import Complete
from streaming.models import Run
from streaming.runs import commit as commit_module
from streaming.runs import prepare as prepare_module
from streaming.runs import stop_run
from tests.support.lab import Lab
from tests.support.rows import a_chat, a_person, answer_of, ends, log, run_of, types
from tests.support.scripts import Delta, Gate, Script, Silence, spoken
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])
LIMIT = 3 * 0.3  # seconds; three times the goal: this machine has other work too


def cancelled(lab: Lab, sent) -> None:
    assert lab.ended(sent).state == Run.State.CANCELLED
    assert ends(sent) == ["cancelled"]
    assert types(sent.run.stream_id)[-1] == "cancelled"
    assert log(sent.run.stream_id)[-1].data.by == "alice"


def test_stop_of_a_queued_run_ends_it_here_and_now():
    alice = a_person("alice")
    sent = a_chat(alice)
    assert stop_run(sent.run, by=alice) is True
    assert run_of(sent).state == Run.State.CANCELLED
    assert types(sent.run.stream_id)[-1] == "cancelled"
    assert log(sent.run.stream_id)[-1].run_id == sent.run.pk
    assert stop_run(sent.run, by=alice) is False
    assert ends(sent) == ["cancelled"]


@pytest.mark.parametrize("state", Run.ENDED)
def test_stop_of_an_ended_run_changes_nothing(state):
    sent = a_chat()
    Run.objects.filter(pk=sent.run.pk).update(state=state)
    assert stop_run(sent.run, by=None) is False
    assert run_of(sent).state == state
    assert ends(sent) == []


def test_stop_before_the_first_token_closes_the_request(lab):
    lab.answer("Hello", Script([Silence()]))
    lab.start()
    sent = lab.ask()
    exchange = lab.models.wait_for_request("Hello")
    assert stop_run(sent.run, by=lab.alice) is True
    cancelled(lab, sent)
    assert exchange.over.wait(30)
    assert exchange.closed_at is not None
    assert answer_of(sent).text == ""


def test_stop_in_mid_stream_closes_the_request_and_keeps_the_text(lab):
    lab.answer("Hello", Script(spoken([f"{n} " for n in range(5000)])))
    lab.start()
    sent = lab.ask()
    lab.spoke(sent)
    stop_run(sent.run, by=lab.alice)
    cancelled(lab, sent)
    exchange = lab.models.wait_for_request("Hello")
    assert exchange.over.wait(30)
    assert exchange.closed_at is not None
    kept = answer_of(sent).text
    assert kept
    assert exchange.said().startswith(kept)


def test_stop_whose_hint_is_lost_is_found_by_looking(lab, monkeypatch):
    monkeypatch.setattr("streaming.runs.stop.hint_engines", lambda _hint: None)
    lab.answer("Hello", Script([Delta("a"), Silence()]))
    lab.start()
    sent = lab.ask()
    lab.spoke(sent)
    stop_run(sent.run, by=lab.alice)
    cancelled(lab, sent)


def test_stop_pressed_many_times_ends_once(lab):
    lab.answer("Hello", Script([Delta("a"), Silence()]))
    lab.start()
    sent = lab.ask()
    lab.spoke(sent)
    for _ in range(20):
        stop_run(sent.run, by=lab.alice)
    cancelled(lab, sent)


def test_stop_while_the_run_is_being_prepared_ends_it_before_the_model_is_asked(lab, monkeypatch):
    here, go = threading.Event(), threading.Event()
    real = prepare_module.prepare_run

    def slow(run_id: str):
        here.set()
        assert go.wait(30)
        return real(run_id)

    monkeypatch.setattr(prepare_module, "prepare_run", slow)
    lab.start()
    sent = lab.ask()
    assert here.wait(30)
    stop_run(sent.run, by=lab.alice)
    try:
        cancelled(lab, sent)
    finally:
        go.set()
    assert types(sent.run.stream_id)[-2:] == ["conversation", "cancelled"]
    assert "duration_ms" not in answer_of(sent).facts
    assert lab.models.exchanges == []


def test_stop_heard_before_the_claim_has_come_back_is_not_forgotten(lab, monkeypatch):
    """The claim is committed, the engine's loop does not know yet: only the hint tells, and it comes first."""
    from streaming.runs import engine as engine_module

    real = engine_module.claim_runs
    lab.answer("Hello", Script([Delta("a"), Silence()]))

    def slow(engine_id, **given):
        claims = real(engine_id, **given)
        for claim in claims:
            stop_run(Run.objects.get(pk=claim.run_id), by=lab.alice)
            time.sleep(0.2)
        return claims

    monkeypatch.setattr(engine_module, "claim_runs", slow)
    monkeypatch.setattr(engine_module, "held_runs", lambda _engine_id: pytest.fail("looked too early"))
    monkeypatch.setattr(engine_module, "LOOK_SECONDS", 600)
    lab.start()
    cancelled(lab, lab.ask())


def test_stop_racing_with_the_end_has_one_winner(lab):
    """Thirty answers of five tokens, each stopped somewhere around its end."""
    lab.answer("race", Script(spoken(["a ", "b ", "c ", "d ", "e"], pause=0.004)))
    lab.start(capacity=40)
    asked = [lab.ask(f"race {n}") for n in range(30)]

    def stop(sent, after: float) -> None:
        from django.db import connection

        until(lambda: run_of(sent).state != Run.State.QUEUED, "it runs")
        time.sleep(after)
        stop_run(sent.run, by=lab.alice)
        connection.close()

    threads = [threading.Thread(target=stop, args=(sent, n * 0.004)) for n, sent in enumerate(asked)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for sent in asked:
        run = lab.ended(sent)
        assert ends(sent) == [run.state]
        assert run.stop_requested_by == ""
        assert types(sent.run.stream_id)[-1] == run.state
        text = answer_of(sent).text
        assert "a b c d e".startswith(text)
        assert run.state == Run.State.CANCELLED or text == "a b c d e"


def test_stop_while_the_end_is_being_written_changes_nothing(lab, monkeypatch):
    real = commit_module._commit
    here, go = threading.Event(), threading.Event()

    def slow(sayings):
        if any(isinstance(saying.terminal, Complete) for saying in sayings):
            here.set()
            assert go.wait(30)
        return real(sayings)

    monkeypatch.setattr(commit_module, "_commit", slow)
    lab.answer("Hello", Script([Delta("all of it")]))
    lab.start()
    sent = lab.ask()
    assert here.wait(30)
    stop_run(sent.run, by=lab.alice)
    time.sleep(0.1)
    go.set()
    assert lab.ended(sent).state == Run.State.COMPLETE
    assert ends(sent) == ["complete"]


def test_stop_takes_time_that_nobody_notices(lab):
    """Twenty tries before and after the first token, from the call to the model's closed connection."""
    gate = Gate()
    lab.answer("after", Script([Delta("a "), *spoken(["b "] * 200), Gate()]))
    lab.answer("before", Script([gate]))
    lab.start(capacity=40)
    took = []
    for n in range(20):
        prompt = f"{'after' if n % 2 else 'before'} {n}."
        sent = lab.ask(prompt)
        exchange = lab.models.wait_for_request(prompt)
        if n % 2:
            lab.spoke(sent)
        began = time.monotonic()
        stop_run(sent.run, by=lab.alice)
        assert exchange.over.wait(30)
        took.append(exchange.closed_at - began)
        cancelled(lab, sent)
    assert sorted(took)[18] < LIMIT
