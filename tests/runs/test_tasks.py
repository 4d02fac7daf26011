"""Tasks of agents in the engine of this process: executed on a thread, stopped, refused; queues kept apart."""

import pytest

from streaming.agents import blocking
from streaming.bell import EngineHint, hint_engines
from streaming.errors import InvalidInputError
from streaming.events import Progress, StreamingChunk
from streaming.models import Run
from streaming.runs import agents as agents_module
from streaming.runs import engine as engine_module
from streaming.runs import start_task, stop_run
from tests.support import work_agents  # noqa: F401 - registers them
from tests.support.rows import log, types
from tests.support.scripts import Delta, Script
from tests.support.waiting import holds, until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


def text(run: Run) -> str:
    return "".join(event.data.delta for event in log(run.stream_id) if isinstance(event.data, StreamingChunk))


def task(lab, agent: str, **arguments: object) -> Run:
    return start_task(owner=lab.alice, agent=agent, arguments=arguments)


def speaks(run: Run) -> None:
    until(lambda: Run.objects.get(pk=run.pk).spoke, "it speaks")


def test_engine_alone_executes_tasks_too(lab):
    lab.start()
    run = task(lab, "steps", steps=3, pause=0)
    assert run.queue == "work"
    assert lab.ended(run).state == Run.State.COMPLETE
    assert text(run) == "1 2 3 "
    assert [event.data.step for event in log(run.stream_id) if isinstance(event.data, Progress)] == [1, 2, 3]
    assert types(run.stream_id)[0] == "start"


def test_task_beside_an_answer_does_not_hold_it_up(lab, tmp_path):
    lab.answer("Hello", Script([Delta("quick")]))
    lab.start()
    slow = task(lab, "deaf", gate=str(tmp_path / "gate"))
    speaks(slow)
    assert lab.ended(lab.ask()).state == Run.State.COMPLETE
    assert Run.objects.get(pk=slow.pk).state == Run.State.RUNNING
    (tmp_path / "gate").touch()
    assert lab.ended(slow).state == Run.State.COMPLETE


def test_stopped_task_is_told_and_ends_as_cancelled(lab):
    lab.start()
    run = task(lab, "steps", steps=1000)
    speaks(run)
    stop_run(run, by=lab.alice)
    assert lab.ended(run).state == Run.State.CANCELLED
    assert not blocking.is_stuck()


def test_deaf_task_ends_as_cancelled_and_the_engine_of_a_server_goes_on(lab, monkeypatch, tmp_path):
    monkeypatch.setattr(blocking, "OBEY_SECONDS", 0.2)
    lab.start()
    run = task(lab, "deaf", gate=str(tmp_path / "gate"))
    speaks(run)
    stop_run(run, by=lab.alice)
    assert lab.ended(run).state == Run.State.CANCELLED
    again = task(lab, "steps", steps=1)
    assert lab.ended(again).state == Run.State.COMPLETE
    (tmp_path / "gate").touch()
    assert text(run) == "said before "
    until(lambda: not blocking.is_stuck(), "the thread ends in the end")


@pytest.mark.parametrize(("served", "left"), [("streams", "work"), ("work", "streams")])
def test_engine_leaves_the_runs_of_other_queues(lab, served, left):
    lab.answer("Hello", Script([Delta("ok")]))
    runs = {"streams": lab.ask().run, "work": task(lab, "steps", steps=1)}
    lab.start(queues=(served,))
    assert lab.ended(runs[served]).state == Run.State.COMPLETE
    holds(lambda: Run.objects.get(pk=runs[left].pk).state == Run.State.QUEUED, "it waits", seconds=0.5)


def test_engine_looks_when_a_hint_names_its_queue_or_none(lab, monkeypatch):
    looks: list[str] = []
    whole = engine_module.claim_runs
    monkeypatch.setattr(engine_module, "claim_runs", lambda *given, **named: looks.append("") or whole(*given, **named))
    monkeypatch.setattr(engine_module, "LOOK_SECONDS", 60)
    lab.start(queues=("work",))
    until(lambda: len(looks) == 1, "it looks when it starts")
    hint_engines(EngineHint("claim", "r", "streams"))
    holds(lambda: len(looks) == 1, "it is not meant", seconds=0.3)
    for number, queue in enumerate(("work", ""), 2):
        hint_engines(EngineHint("claim", "r", queue))
        until(lambda number=number: len(looks) == number, "it looks at once")


def test_task_of_nobody_is_refused_before_it_is_a_run(lab):
    with pytest.raises(InvalidInputError, match="no agent named 'nobody'"):
        task(lab, "nobody")
    assert not Run.objects.exists()


def test_task_whose_agent_is_gone_ends_with_an_error(lab):
    run = task(lab, "steps")
    Run.objects.filter(pk=run.pk).update(agent="gone")
    lab.start()
    assert lab.ended(run).state == Run.State.ERROR
    assert "There is no agent named 'gone'" in log(run.stream_id)[-1].data.message


def test_restart_interrupts_a_task_at_once_even_a_deaf_one(lab, tmp_path):
    first = lab.start()
    run = task(lab, "deaf", gate=str(tmp_path / "gate"))
    speaks(run)
    first._main.get_loop().call_soon_threadsafe(first._main.cancel)
    lab.start()
    assert lab.ended(run).state == Run.State.INTERRUPTED
    (tmp_path / "gate").touch()
    until(lambda: not blocking.is_stuck(), "the thread ends in the end")


def test_agents_of_the_product_are_known():
    assert agents_module.queue_of("benchmark") == "work"
