"""A run that cannot go on ends, with a typed error, and its neighbours do not notice."""

import pytest

from streaming.agents.chat import ChatAgent
from streaming.models import Run
from streaming.runs import prepare as prepare_module
from streaming.runs import writer as writer_module
from tests.support.failing import Failing
from tests.support.rows import answer_of, ends, log, said
from tests.support.scripts import Delta, Script, Silence, spoken
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


def test_guilty_run_ends_with_a_typed_error_and_its_neighbours_complete(lab, monkeypatch):
    """One run's rows violate what the column can hold; it shares each tick with healthy ones."""
    real = writer_module.prepare

    def poisoned(data, *, ts, run_id="", attempt=0):
        if "POISON" in getattr(data, "delta", ""):
            ts = 2**70
        return real(data, ts=ts, run_id=run_id, attempt=attempt)

    monkeypatch.setattr(writer_module, "prepare", poisoned)
    lab.answer("healthy", Script(spoken([f"{n} " for n in range(60)])))
    lab.answer("guilty", Script([*spoken(["fine "] * 5), Delta("POISON", after=0.1), *spoken(["more "] * 5000)]))
    lab.start()
    healthy = [lab.ask(f"healthy {n}") for n in range(4)]
    guilty = lab.ask("guilty")
    assert lab.ended(guilty).state == Run.State.ERROR
    error = log(guilty.run.stream_id)[-1].data
    assert (error.code, error.retryable) == ("unwritable", True)
    assert answer_of(guilty).text == said(guilty) == "fine " * 5
    assert lab.models.wait_for_request("guilty").over.wait(30), "the model is still being read"
    for sent in healthy:
        assert lab.ended(sent).state == Run.State.COMPLETE
        assert said(sent) == "".join(f"{n} " for n in range(60))


def test_guilty_run_that_falls_silent_ends_too(lab, monkeypatch):
    """Nothing more comes from its model: what ends it is the refusal, not the next token."""
    real = writer_module.prepare

    def poisoned(data, *, ts, run_id="", attempt=0):
        return real(data, ts=2**70 if getattr(data, "delta", "") else ts, run_id=run_id, attempt=attempt)

    monkeypatch.setattr(writer_module, "prepare", poisoned)
    lab.answer("Hello", Script([Delta("a"), Silence()]))
    lab.start()
    sent = lab.ask()
    assert lab.ended(sent).state == Run.State.ERROR
    assert log(sent.run.stream_id)[-1].data.code == "unwritable"


def test_run_whose_preparation_fails_ends_as_an_error(lab, monkeypatch):
    Failing(monkeypatch, prepare_module, "history_of", ValueError("nobody thought of this"))
    lab.start()
    sent = lab.ask()
    assert lab.ended(sent).state == Run.State.ERROR
    assert log(sent.run.stream_id)[-1].data.code == "internal"
    assert "nobody thought" not in log(sent.run.stream_id)[-1].data.message


@pytest.mark.parametrize("error", [RuntimeError("a bug"), SystemExit(1), ExceptionGroup("both", [ValueError()])])
def test_agent_that_fails_ends_its_run_as_an_error_and_keeps_the_text(lab, monkeypatch, error):
    real = ChatAgent.run

    async def run(self, context):
        async for event in real(self, context):
            yield event
            if getattr(event, "delta", ""):
                raise error

    monkeypatch.setattr(ChatAgent, "run", run)
    lab.answer("Hello", Script(spoken(["kept ", "never"])))
    lab.start()
    sent = lab.ask()
    assert lab.ended(sent).state == Run.State.ERROR
    assert log(sent.run.stream_id)[-1].data.code == "internal"
    assert answer_of(sent).text == "kept "


def test_run_that_was_taken_over_lets_go_of_its_model(lab):
    """Seen by looking, while the model says nothing and nothing is written."""
    lab.answer("Hello", Script([Delta("a"), Silence()]))
    service = lab.start()
    sent = lab.ask()
    run = lab.spoke(sent)
    Run.objects.filter(pk=run.pk).update(fence=run.fence + 1, engine_id="another", state=Run.State.COMPLETE)
    assert lab.models.wait_for_request("Hello").over.wait(30)
    until(lambda: service._engine.load == 0, "the engine lets go")
    assert ends(sent) == []
