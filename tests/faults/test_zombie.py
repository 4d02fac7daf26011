"""An engine that was stopped past its lease and continues is a stranger to its runs: none of its rows lands."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import checker
from tests.support.engine_process import EngineProcess, ask, log_of, running_engine
from tests.support.model_server import Exchange, ModelServer
from tests.support.scripts import Delta, Gate, Script, Silence, spoken
from tests.support.server import furnished_folder
from tests.support.waiting import holds, until

pytestmark = pytest.mark.faults


@pytest.fixture
def stalled(folder: Path, environment: dict[str, str]) -> Iterator[EngineProcess]:
    shutil.copytree(furnished_folder(), folder)
    with running_engine(folder, environment, "first") as engine:
        yield engine


def stall(engine: EngineProcess, folder: Path) -> None:
    """SIGSTOP at a moment when it does not hold SQLite's one write lock, which nobody could take from it."""
    for _ in range(50):
        engine.pause()
        try:
            with closing(sqlite3.connect(folder / "chatsite.sqlite3", timeout=0.2, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            engine.resume()
        else:
            return
    raise AssertionError("the engine held the write lock at each of 50 tries")


def test_zombie_writes_nothing_into_the_answer_it_lost(models: ModelServer, folder, environment, stalled):
    gate = Gate()
    said, unsaid = [f"w{n:05d} " for n in range(1, 40)], [f"x{n:05d} " for n in range(1, 200)]
    models.answer("zombie", Script([*spoken(said), gate, *spoken(unsaid, pause=0.002), Silence()]))
    run, conversation = ask(folder, environment, "zombie")
    log = log_of(folder)
    until(lambda: "w00039" in log.text_of(run, conversation), "the first words are in the log")
    stall(stalled, folder)
    gate.open()
    exchange = models.wait_for_request("zombie")
    with running_engine(folder, environment, "second"):
        until(lambda: log.run(run).state == "interrupted", "the run is taken over")
        before = log.events(conversation)
        stalled.resume()
        # What the model said meanwhile lies in the zombie's socket: it wakes up with something to write.
        until(lambda: exchange.closed_at, "the zombie notices and hangs up")
        assert "x00199" in exchange.said()
        holds(lambda: log.events(conversation) == before, "the log is as the second engine left it", seconds=2.5)
        [answer] = log.checked(conversation)
    checker.same("".join(said), answer.text, "the answer")
    assert answer.terminal == "interrupted"


def test_zombie_does_not_mix_into_the_attempt_that_replaced_it(models: ModelServer, folder, environment, stalled):
    gate = Gate()

    def choose(exchange: Exchange) -> Script:
        mine = [Delta(f"attempt {exchange.number}: "), *spoken([f"w{n:05d} " for n in range(1, 100)], pause=0.005)]
        return Script([gate, *mine] if exchange.number == 1 else mine)

    models.answer("zombie", choose)
    run, conversation = ask(folder, environment, "zombie")
    log = log_of(folder)
    assert gate.reached.wait(30)
    until(lambda: log.checked(conversation), "the start is in the log")
    stall(stalled, folder)
    with running_engine(folder, environment, "second"):
        until(lambda: len(models.for_prompt("zombie")) == 2, "a second attempt")
        stalled.resume()
        gate.open()
        until(lambda: log.run(run).state == "complete", "the second attempt ends")
        first, second = models.for_prompt("zombie")
        assert first.over.wait(30)
        before = log.events(conversation)
        holds(lambda: log.events(conversation) == before, "nothing is added", seconds=2)
        found = log.checked(conversation)
    assert [(answer.attempt, answer.terminal) for answer in found] == [(1, ""), (2, "complete")]
    assert found[0].text == ""
    checker.log_holds(found[1], second, whole=True)
