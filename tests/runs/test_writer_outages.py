"""The group commit while the database says nothing: repeated, landed once, bounded, given up at last."""

import asyncio

import pytest
from django.db import OperationalError

from streaming.events import Complete, Start, StreamingChunk
from streaming.models import Run
from streaming.runs import group as group_module
from streaming.runs.claim import Claim
from streaming.runs.group import GroupWriter
from streaming.runs.writer import UNWRITTEN_CHARACTERS, RunWriter, WriteRefusedError
from tests.support.eventually import eventually
from tests.support.group_writing import commits_patched, drive, said, say_all
from tests.support.rows import a_claim, log, types

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


def while_away(away: list[bool]):
    """No commit gets through for as long as `away` holds anything."""

    def patch(real):
        def commit(sayings):
            if away:
                raise OperationalError("the database is away")
            return real(sayings)

        return commit

    return patch


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
    away = [True]

    async def work(group: GroupWriter) -> None:
        writer = RunWriter(group, claim)
        writer.say(Start())
        for n in range(100):
            writer.say(StreamingChunk(f"{n} "))
            await asyncio.sleep(0.005)
        await eventually(lambda: group.away_since is not None, "it is missed")
        away.clear()
        await writer.end(Complete())
        assert group.away_since is None

    with commits_patched(monkeypatch, while_away(away)):
        drive(work)
    assert said(claim) == "".join(f"{n} " for n in range(100))


def test_unwritten_text_is_bounded_while_the_database_is_away(monkeypatch):
    claim = a_claim()
    away = [True]

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

    with commits_patched(monkeypatch, while_away(away)):
        count = drive(work)
    assert count == UNWRITTEN_CHARACTERS // 1000 + 1
    assert len(said(claim)) == count * 1000


def test_database_that_is_away_for_too_long_refuses_the_runs_and_serves_the_next(monkeypatch):
    monkeypatch.setattr(group_module, "GIVE_UP_SECONDS", 0.4)
    claims = [a_claim() for _ in range(3)]
    away = [True]

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

    with commits_patched(monkeypatch, while_away(away)):
        results = drive(work)
    assert [type(result) for result in results] == [WriteRefusedError] * 2
    assert [said(claim) for claim in claims] == ["", "", "b"]
