"""The group commit: what is folded, when it is written, and what happens when the database says no, or nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connections

from streaming.events import Complete, Failed, Start, StreamingChunk, unfold
from streaming.models import Event, Run
from streaming.runs import commit as commit_module
from streaming.runs import group as group_module
from streaming.runs.claim import Claim
from streaming.runs.crowd import MANY
from streaming.runs.group import GroupWriter
from streaming.runs.writer import UNWRITTEN_CHARACTERS, RunWriter, WriteRefusedError
from tests.support.rows import a_claim, log, types

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])
TICK = 0.05


def drive[T](work: Callable[[GroupWriter], Awaitable[T]], *, tick: float = TICK) -> T:
    """`work` beside a group writer on a loop of its own."""

    async def main() -> T:
        group = GroupWriter(tick_seconds=tick)
        loop = asyncio.create_task(group.run())
        working = asyncio.ensure_future(work(group))
        try:
            await asyncio.wait([loop, working], return_when=asyncio.FIRST_COMPLETED)
            assert not loop.done(), loop.exception()
            return working.result()
        finally:
            loop.cancel()
            await group.close()

    return asyncio.run(main())


@contextmanager
def commits_patched(monkeypatch, replace: Callable[[Callable], Callable]) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(commit_module, "_commit", replace(commit_module._commit))
        yield


async def say_all(writer: RunWriter, *texts: str) -> None:
    writer.say(Start())
    for text in texts:
        writer.say(StreamingChunk(text))
    await writer.written()


def said(claim: Claim) -> str:
    return "".join(event.data.delta for event in log(claim.stream_id) if isinstance(event.data, StreamingChunk))


def test_writer_commits_what_was_said_and_the_end():
    claim = a_claim()

    async def work(group: GroupWriter) -> None:
        writer = RunWriter(group, claim)
        await say_all(writer, "a", "b")
        await writer.end(Complete())

    drive(work)
    assert types(claim.stream_id) == ["start", "chunk", "complete"]
    assert Run.objects.get(pk=claim.run_id).state == Run.State.COMPLETE


def test_writer_does_not_let_the_first_token_after_a_pause_wait_for_the_tick():
    claim = a_claim()

    async def work(group: GroupWriter) -> list[float]:
        writer = RunWriter(group, claim)
        writer.say(Start())
        await writer.written()
        took = []
        for pause in (0.0, 0.3, 0.3):
            await asyncio.sleep(pause)
            began = time.monotonic()
            writer.say(StreamingChunk("first"))
            await writer.written()
            took.append(time.monotonic() - began)
        return took

    assert max(drive(work, tick=20)) < 1


def test_writer_folds_fast_tokens_by_the_tick_and_they_unfold_to_what_was_said():
    claim = a_claim()
    tokens = [f"t{n} " for n in range(300)]

    async def work(group: GroupWriter) -> list[int]:
        writer = RunWriter(group, claim)
        times = []
        for token in tokens:
            writer.say(StreamingChunk(token))
            times.append(writer._pending[-1][0])
            await asyncio.sleep(0.001)
        await writer.written()
        return times

    began = time.monotonic()
    times = drive(work, tick=0.1)
    lasted = time.monotonic() - began
    rows = Event.objects.count()
    assert rows <= 3 + lasted / 0.1
    unfolded = [each for event in log(claim.stream_id) for each in unfold(event.ts, event.data)]
    assert [chunk.delta for _, chunk in unfolded] == tokens
    assert [ts for ts, _ in unfolded] == times


def test_writer_folds_each_part_on_its_own():
    claim = a_claim()

    async def work(group: GroupWriter) -> None:
        writer = RunWriter(group, claim)
        for part, text in (("thinking", "a"), ("thinking", "b"), ("text", "c"), ("thinking", "d")):
            writer.say(StreamingChunk(text, part))
        await writer.written()

    drive(work)
    chunks = [event.data for event in log(claim.stream_id)]
    assert [(chunk.part, chunk.delta) for chunk in chunks] == [("thinking", "ab"), ("text", "c"), ("thinking", "d")]


def test_group_writes_all_runs_of_a_tick_in_one_transaction(monkeypatch):
    claims = [a_claim() for _ in range(20)]
    sizes = []

    def counting(real):
        return lambda sayings: sizes.append(len(sayings)) or real(sayings)

    async def work(group: GroupWriter) -> None:
        writers = [RunWriter(group, claim) for claim in claims]
        await asyncio.gather(*(say_all(writer, "a") for writer in writers))
        assert not group._dirty, "nobody is kept who has nothing more to say"

    with commits_patched(monkeypatch, counting):
        drive(work)
    assert sum(sizes) == 20
    assert max(sizes) >= 19
    assert [said(claim) for claim in claims] == ["a"] * 20


def test_commit_with_an_unknown_outcome_is_repeated_and_lands_once(monkeypatch):
    """The connection is cut after COMMIT and before its answer."""
    claims = [a_claim() for _ in range(3)]
    cuts = []

    def cut_after(real):
        def commit(sayings):
            result = real(sayings)
            if len(cuts) < 4:
                cuts.append(len(sayings))
                raise OperationalError("server closed the connection unexpectedly")
            return result

        return commit

    async def talk(group: GroupWriter, claim: Claim) -> None:
        writer = RunWriter(group, claim)
        await say_all(writer, "one ", "two ")
        await say_all(writer, "three")
        await writer.end(Complete())

    async def work(group: GroupWriter) -> None:
        await asyncio.gather(*(talk(group, claim) for claim in claims))

    with commits_patched(monkeypatch, cut_after):
        drive(work)
    assert len(cuts) == 4
    for claim in claims:
        assert said(claim) == "one two three"
        assert types(claim.stream_id).count("complete") == 1
        assert [event.seq for event in log(claim.stream_id)] == list(range(1, len(log(claim.stream_id)) + 1))
        assert Run.objects.get(pk=claim.run_id).state == Run.State.COMPLETE


def test_commit_whose_end_has_an_unknown_outcome_ends_the_run_once(monkeypatch):
    claim = a_claim()
    seen = []

    def cut_after_the_end(real):
        def commit(sayings):
            result = real(sayings)
            if sayings[0].terminal and not seen:
                seen.append(result)
                raise OperationalError("cut")
            return result

        return commit

    async def work(group: GroupWriter) -> None:
        writer = RunWriter(group, claim)
        await say_all(writer, "a")
        await writer.end(Complete())

    with commits_patched(monkeypatch, cut_after_the_end):
        drive(work)
    assert types(claim.stream_id) == ["start", "chunk", "complete"]


def test_database_that_is_away_costs_nothing_but_time(monkeypatch):
    claim = a_claim()
    until = time.monotonic() + 1.5

    def away(real):
        def commit(sayings):
            if time.monotonic() < until:
                raise OperationalError("the database is away")
            return real(sayings)

        return commit

    async def work(group: GroupWriter) -> None:
        writer = RunWriter(group, claim)
        writer.say(Start())
        for n in range(100):
            writer.say(StreamingChunk(f"{n} "))
            await asyncio.sleep(0.005)
        assert group.away_since is not None
        await writer.end(Complete())
        assert group.away_since is None

    with commits_patched(monkeypatch, away):
        drive(work)
    assert said(claim) == "".join(f"{n} " for n in range(100))


def test_unwritten_text_is_bounded_while_the_database_is_away(monkeypatch):
    claim = a_claim()
    away = [True]

    def gone(real):
        def commit(sayings):
            if away:
                raise OperationalError("the database is away")
            return real(sayings)

        return commit

    async def work(group: GroupWriter) -> int:
        writer = RunWriter(group, claim)
        count = 0
        while not writer.is_full:
            writer.say(StreamingChunk("x" * 1000))
            count += 1
            if not count % 50:
                await asyncio.sleep(0.01)
        away.clear()
        await writer.written()
        assert not writer.is_full
        await writer.end(Complete())
        return count

    with commits_patched(monkeypatch, gone):
        count = drive(work)
    assert count == UNWRITTEN_CHARACTERS // 1000 + 1
    assert len(said(claim)) == count * 1000


def test_database_that_is_away_for_too_long_refuses_the_runs_and_serves_the_next(monkeypatch):
    monkeypatch.setattr(group_module, "GIVE_UP_SECONDS", 0.4)
    claims = [a_claim() for _ in range(3)]
    away = [True]

    def gone(real):
        def commit(sayings):
            if away:
                raise OperationalError("the database is away")
            return real(sayings)

        return commit

    async def work(group: GroupWriter) -> list[object]:
        writers = [RunWriter(group, claim) for claim in claims]
        told: list[str] = []
        for writer in writers:
            writer.on_refused = lambda writer=writer: told.append(writer.refused)
        results = await asyncio.gather(*(say_all(writer, "a") for writer in writers[:2]), return_exceptions=True)
        away.clear()
        await say_all(writers[2], "b")
        assert told == ["the database was away for too long"] * 2
        return results

    with commits_patched(monkeypatch, gone):
        results = drive(work)
    assert [type(result) for result in results] == [WriteRefusedError] * 2
    assert [said(claim) for claim in claims] == ["", "", "b"]


def test_run_whose_row_the_database_refuses_is_alone_with_it():
    """The last event's position is taken already: the row of this one run violates a constraint."""
    healthy, guilty, also_healthy = a_claim(), a_claim(), a_claim()
    Event.objects.create(
        stream_id=guilty.stream_id,
        seq=99,
        first_seq=99,
        ts=1,
        type="chunk",
        run_id=guilty.run_id,
        attempt=1,
        n=2,
        body="{}",
    )

    async def work(group: GroupWriter) -> list[object]:
        writers = [RunWriter(group, claim) for claim in (healthy, guilty, also_healthy)]
        results = await asyncio.gather(*(say_all(writer, "a") for writer in writers), return_exceptions=True)
        assert [writer.broken for writer in writers] == [False, True, False]
        return results

    results = drive(work)
    assert results[0] is results[2] is None
    assert isinstance(results[1], WriteRefusedError)
    assert (said(healthy), said(also_healthy)) == ("a", "a")
    assert Event.objects.filter(stream_id=guilty.stream_id).count() == 1


@pytest.mark.parametrize(
    "bad",
    [
        StreamingChunk("\ud800 is half a character"),
        Failed("code", "message", detail="\udfff"),
        StreamingChunk("a", meta={"x": object()}),
    ],
    ids=["lone surrogate", "lone surrogate in an error", "no JSON"],
)
def test_run_whose_words_cannot_be_encoded_is_alone_with_it(bad):
    healthy, guilty = a_claim(), a_claim()

    async def work(group: GroupWriter) -> object:
        good, ill = RunWriter(group, healthy), RunWriter(group, guilty)
        good.say(StreamingChunk("a"))
        ill.say(bad)
        [result] = await asyncio.gather(ill.written(), return_exceptions=True)
        await good.written()
        await say_all(good, "b")
        assert (good.broken, ill.broken) == (False, True)
        return result

    assert isinstance(drive(work), WriteRefusedError)
    assert said(healthy) == "ab"
    assert said(guilty) == ""


def test_number_that_no_column_can_hold_is_its_own_runs_fault(monkeypatch):
    from streaming.runs import writer as writer_module

    healthy, guilty = a_claim(), a_claim()

    async def work(group: GroupWriter) -> object:
        good, ill = RunWriter(group, healthy), RunWriter(group, guilty)
        good.say(StreamingChunk("a"))
        with monkeypatch.context() as patch:
            patch.setattr(writer_module, "now_ms", lambda: 2**70)
            ill.say(StreamingChunk("b"))
        [result] = await asyncio.gather(ill.written(), return_exceptions=True)
        await good.written()
        return result

    assert isinstance(drive(work), WriteRefusedError)
    assert said(healthy) == "a"


def test_fenced_writer_is_refused_and_told():
    claim = a_claim()

    async def work(group: GroupWriter) -> str:
        writer = RunWriter(group, claim)
        told = []
        writer.on_refused = lambda: told.append(1)
        writer.say(StreamingChunk("a"))
        with pytest.raises(WriteRefusedError):
            await writer.written()
        writer.say(StreamingChunk("b"))
        with pytest.raises(WriteRefusedError):
            await writer.end(Complete())
        assert told == [1]
        assert not writer.broken
        return writer.refused

    Run.objects.filter(pk=claim.run_id).update(fence=claim.fence + 1)
    assert "fence" in drive(work)
    assert types(claim.stream_id) == []


def test_group_gives_its_connection_back_when_it_closes():
    claim = a_claim()
    held = []

    async def work(group: GroupWriter) -> None:
        await say_all(RunWriter(group, claim), "a")
        held.append(group._thread.submit(lambda: connections["default"]).result())
        assert held[0].connection is not None

    drive(work)
    assert held[0].connection is None


def test_two_writers_of_one_run_do_not_hide_each_other():
    """A claim that was overtaken unseen and the new one of the same run: one is refused, the other lands."""
    old = a_claim()
    Run.objects.filter(pk=old.run_id).update(state=Run.State.QUEUED)
    new = a_claim(Run.objects.get(pk=old.run_id))

    async def work(group: GroupWriter) -> None:
        former, latter = RunWriter(group, old), RunWriter(group, new)
        former.say(StreamingChunk("old"))
        latter.say(StreamingChunk("new"))
        with pytest.raises(WriteRefusedError):
            await former.written()
        await latter.written()

    drive(work)
    assert said(new) == "new"


def test_group_stretches_its_tick_by_half_for_many_answers_and_goes_back_when_they_are_few():
    claims = [a_claim() for _ in range(MANY)]

    async def work(group: GroupWriter) -> list[float]:
        ticks = [group.tick_seconds]
        writers = [RunWriter(group, claim) for claim in claims]
        for crowd in (writers, writers[:1]):
            for _ in range(30):
                for writer in crowd:
                    writer.say(StreamingChunk("a"))
                await asyncio.gather(*(writer.written() for writer in crowd))
            ticks.append(group.tick_seconds)
        return ticks

    quiet, crowded, after = drive(work, tick=0.01)
    assert quiet == after == 0.01
    assert crowded == pytest.approx(0.015, rel=0.05)
