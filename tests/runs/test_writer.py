"""The group commit: what is folded, what is written together, and when."""

import asyncio
import time

import pytest
from django.db import connections

from streaming.events import Complete, Start, StreamingChunk, unfold
from streaming.models import Event, Run
from streaming.runs.crowd import MANY
from streaming.runs.group import GroupWriter
from streaming.runs.writer import RunWriter
from tests.support.group_writing import commits_patched, drive, said, say_all
from tests.support.rows import a_claim, log, types

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


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


def test_group_gives_its_connection_back_when_it_closes():
    claim = a_claim()
    held = []

    async def work(group: GroupWriter) -> None:
        await say_all(RunWriter(group, claim), "a")
        held.append(group._thread.submit(lambda: connections["default"]).result())
        assert held[0].connection is not None

    drive(work)
    assert held[0].connection is None


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
