"""The engine from a queued row to the terminal event, over a real model API and a real database file."""

import pytest

from streaming.models import Connection, Engine, Event, Run
from streaming.models.stream import PACKED
from streaming.runs.answer import Answer
from tests.support.rows import a_chat, answer_of, log, run_of, types
from tests.support.scripts import Cut, Delta, Fail, Gate, Script, Tool, refusal, spoken
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


def test_engine_writes_the_answer_and_one_end(lab):
    lab.answer("Hello", Script(spoken(["One ", "two ", "three."], pause=0.001)))
    lab.start()
    sent = lab.ask()
    run = lab.ended(sent)
    assert (run.state, run.attempt, run.engine_id) == (Run.State.COMPLETE, 1, None)
    assert answer_of(sent).text == "One two three."
    assert [kind for kind in types(sent.run.stream_id) if kind in {"start", "complete"}] == ["start", "complete"]
    assert types(sent.run.stream_id)[-1] == "complete"
    assert [event.seq for event in log(sent.run.stream_id)] == list(range(1, len(log(sent.run.stream_id)) + 1))


def test_engine_takes_up_what_was_queued_before_it_started(lab):
    lab.answer("", Script(spoken(["ok"])))
    asked = [lab.ask(f"question {n}") for n in range(5)]
    lab.start()
    assert [lab.ended(sent).state for sent in asked] == [Run.State.COMPLETE] * 5


def test_engine_executes_no_more_runs_than_it_has_room_for(lab):
    gate = Gate()
    lab.answer("", Script([Delta("a"), gate, Delta("b")]))
    lab.start(capacity=2)
    asked = [lab.ask(f"question {n}") for n in range(5)]
    until(lambda: len(lab.models.exchanges) == 2, "two requests")
    until(lambda: Run.objects.filter(state=Run.State.RUNNING, spoke=True).count() == 2, "two are being written")
    assert Run.objects.filter(state=Run.State.QUEUED).count() == 3
    gate.open()
    assert [lab.ended(sent).state for sent in asked] == [Run.State.COMPLETE] * 5
    assert len(lab.models.exchanges) == 5


def test_engine_begins_a_waiting_prompt_when_the_answer_before_it_has_ended(lab):
    from streaming.chats import send_prompt

    gate = Gate()
    lab.answer("first", Script([Delta("answer one"), gate]))
    lab.answer("second", Script([Delta("answer two")]))
    lab.start()
    first = lab.ask("first")
    assert gate.reached.wait(30)
    second = send_prompt(first.run.conversation, author=lab.alice, text="second")
    assert run_of(second).state == Run.State.QUEUED
    gate.open()
    assert lab.ended(second).state == Run.State.COMPLETE
    history = [message["content"] for message in lab.models.for_prompt("second")[0].request["messages"]]
    assert history == ["first", "answer one", "second"]


def test_engines_message_is_what_the_log_says(lab):
    steps = [
        *spoken(["Let me ", "think"], part="thinking"),
        *spoken(["It ", "is "], pause=0.02),
        Tool("look", ('{"a"', ": 1}")),
        *spoken(["so", "."]),
    ]
    lab.answer("Hello", Script(steps))
    lab.start()
    sent = lab.ask()
    lab.ended(sent)
    logged = Answer.of([event for event in log(sent.run.stream_id) if event.run_id == sent.run.pk])
    message = answer_of(sent)
    assert message.parts == logged.parts
    assert message.facts == logged.facts
    assert message.parts == [["thinking", "Let me think"], ["text", "It is so."]]
    assert message.facts["model"] == "scripted"
    assert message.facts["calls"][0]["arguments"] == '{"a": 1}'
    assert message.facts["duration_ms"] >= message.facts["first_token_ms"] >= 0


def test_engine_packs_the_answer_when_it_has_ended(lab):
    lab.answer("Hello", Script(spoken([f"{n} " for n in range(100)], pause=0.005)))
    lab.start()
    sent = lab.ask()
    lab.ended(sent)
    until(lambda: not Event.objects.exclude(type=PACKED).exists(), "everything is packed")
    assert Event.objects.count() <= 2
    said = "".join(event.data.delta for event in log(sent.run.stream_id) if event.type == "chunk")
    assert said == "".join(f"{n} " for n in range(100))


@pytest.mark.parametrize(
    ("script", "code", "kept"),
    [
        (refusal(401, "wrong key"), "model_authentication", ""),
        (refusal(404, "no such model"), "unknown_model", ""),
        (Script([Delta("half"), Fail("it broke")]), "model_unavailable", "half"),
        (Script([Delta("half"), Cut()]), "model_cut", "half"),
    ],
    ids=["401", "404", "error in mid-stream", "cut in mid-stream"],
)
def test_error_of_the_model_ends_the_run_with_a_typed_error_and_keeps_its_text(lab, script, code, kept):
    lab.answer("Hello", script)
    lab.start()
    sent = lab.ask()
    assert lab.ended(sent).state == Run.State.ERROR
    error = log(sent.run.stream_id)[-1].data
    assert error.code == code
    assert error.message.endswith(".")
    assert answer_of(sent).text == kept
    assert answer_of(sent).facts["error"]["code"] == error.code


def make_unknown(sent):
    Run.objects.filter(pk=sent.run.pk).update(model="nothing/like-it")


def make_nameless(sent):
    Run.objects.filter(pk=sent.run.pk).update(model="")


def disable(sent):
    Connection.objects.update(enabled=False)


def give_a_wrong_address(sent):
    Connection.objects.update(base_url="gopher://nowhere")


def ask_too_hot(sent):
    Run.objects.filter(pk=sent.run.pk).update(parameters={"temperature": 99})


def ask_nonsense(sent):
    Run.objects.filter(pk=sent.run.pk).update(parameters={"no such": True})


@pytest.mark.parametrize(
    "spoil", [make_unknown, make_nameless, disable, give_a_wrong_address, ask_too_hot, ask_nonsense]
)
def test_run_that_cannot_begin_ends_with_a_typed_error(lab, spoil):
    sent = lab.ask()
    spoil(sent)
    lab.start()
    assert lab.ended(sent).state == Run.State.ERROR
    assert log(sent.run.stream_id)[-1].data.code == "invalid_input"
    assert lab.models.exchanges == []


def test_model_whose_address_nobody_answers_ends_as_an_error(lab):
    from tests.support.rows import connected

    nowhere = connected("http://127.0.0.1:9/v1")
    lab.start()
    sent = a_chat(lab.alice, model=f"{nowhere.pk}/scripted")
    assert lab.ended(sent).state == Run.State.ERROR
    assert log(sent.run.stream_id)[-1].data.code == "model_unreachable"


def test_engines_row_is_given_up_when_it_stops(lab):
    from streaming.models.database import database_now

    service = lab.start()
    until(lambda: Engine.objects.filter(expires_at__gt=database_now()).exists(), "the engine has a lease")
    service.stop()
    assert not Engine.objects.filter(expires_at__gt=database_now()).exists()
