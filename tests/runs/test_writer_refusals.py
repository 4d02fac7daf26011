"""The group commit when the database says no: the guilty run is refused, its neighbours are written."""

import asyncio

import pytest

from streaming.events import Complete, Failed, StreamingChunk
from streaming.models import Event, Run
from streaming.runs.group import GroupWriter
from streaming.runs.writer import RunWriter, WriteRefusedError
from tests.support.group_writing import drive, said, say_all
from tests.support.rows import a_claim, types

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


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
