"""What an engine holds: one attempt of each run, the newest, whatever becomes of the others."""

import asyncio
from collections.abc import Awaitable, Callable

from streaming.runs.claim import Claim
from streaming.runs.execute import stopped_by
from streaming.runs.holding import REMEMBERED_STOPS, Held, Holding
from streaming.runs.writer import RunWriter


class NoGroup:
    """Writes nothing: these tests are about who is held."""

    def wake(self, writer: RunWriter, *, urgent: bool) -> None:
        pass


class Bench:
    def __init__(self) -> None:
        self.let_go: list[Held] = []
        self.holding = Holding(self.let_go.append)

    def start(self, run_id: str, attempt: int = 1, work: Callable[[], Awaitable[object]] | None = None) -> RunWriter:
        async def carry() -> None:
            await (work() if work else asyncio.Event().wait())

        writer = RunWriter(NoGroup(), Claim(run_id, 1, attempt, attempt))
        self.holding.start(writer, carry())
        return writer

    def held(self, run_id: str) -> Held:
        [held] = [held for held in self.holding.all() if held.claim.run_id == run_id]
        return held


async def test_ended_run_is_let_go_of_once():
    bench = Bench()
    bench.start("a", work=lambda: asyncio.sleep(0))
    assert await bench.holding.wait(seconds=45)
    assert [held.claim.run_id for held in bench.let_go] == ["a"]
    assert len(bench.holding) == 0


async def test_overtaken_attempt_is_refused_and_does_not_take_the_newer_one_with_it():
    bench = Bench()
    old = bench.start("a", 1)
    former = bench.held("a")
    new = bench.start("a", 2)
    await asyncio.wait([former.task], timeout=5)
    await asyncio.sleep(0)
    assert old.refused
    assert not new.refused
    assert bench.held("a").claim.attempt == 2
    assert bench.holding.holds(bench.held("a"))
    assert not bench.holding.holds(former)
    assert [held.claim.attempt for held in bench.let_go] == [1]
    await bench.holding.abandon()


async def test_refused_writer_ends_its_task():
    bench = Bench()
    bench.start("a").refuse("fenced")
    assert await bench.holding.wait(seconds=45)
    assert bench.let_go[0].task.cancelled()


async def test_stop_reaches_a_held_run_and_one_that_comes_later():
    bench = Bench()
    bench.holding.stop("later")
    bench.start("now")
    bench.holding.stop("now")
    bench.start("later")
    tasks = {held.claim.run_id: held.task for held in bench.holding.all()}
    assert {run_id: stopped_by(task) for run_id, task in tasks.items()} == {"now": "", "later": ""}
    assert await bench.holding.wait(seconds=45)


async def test_stop_finds_the_task_inside_its_work_even_if_it_has_not_begun():
    """A task that is cancelled before its first step never gets to write its end."""
    bench, seen = Bench(), []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("inside")
            raise

    bench.start("a", work=work)
    bench.holding.stop("a")
    assert await bench.holding.wait(seconds=45)
    assert seen == ["inside"]


async def test_stops_of_runs_that_never_come_are_bounded():
    bench = Bench()
    for n in range(3 * REMEMBERED_STOPS):
        bench.holding.stop(f"{n}")
    assert len(bench.holding._stops) == REMEMBERED_STOPS


async def test_wait_has_an_end():
    bench = Bench()
    bench.start("a")
    assert not await bench.holding.wait(seconds=0.05)
    await bench.holding.abandon()
    assert len(bench.holding) == 0


async def test_abandon_refuses_first_so_that_nobody_waits_for_a_commit():
    bench = Bench()
    written: list[str] = []

    async def work() -> None:
        writer = bench.held("a").writer
        try:
            await asyncio.Event().wait()
        finally:
            written.append(writer.refused)

    bench.start("a", work=work)
    await asyncio.sleep(0)
    await bench.holding.abandon()
    assert written == ["the engine stops"]
