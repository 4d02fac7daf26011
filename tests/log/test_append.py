"""Append: numbering, the fence, what is refused, what is repeated."""

import pytest
from django.db import IntegrityError, transaction

from streaming.events import Complete, ConversationChanged, Metadata, Start, StreamingChunk
from streaming.log import Appended, Batch, Refused, append_batches, append_events, compact, position, prepare
from streaming.log.append import StreamGoneError
from streaming.models import Event, Run, Stream
from streaming.runs.claim import claim_runs
from streaming.runs.lease import register_engine
from tests.support.rows import FIRST_TS, a_claim, a_run, batch, log

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


def append(*batches: Batch) -> list[Appended | Refused]:
    with transaction.atomic():
        return append_batches(batches)


def rows() -> int:
    return Event.objects.count()


def test_append_numbers_from_one_without_gap():
    claim = a_claim()
    [first] = append(batch(claim, 0, Start(), "a"))
    [second] = append(batch(claim, 2, "b", "c", Complete()))
    assert isinstance(first, Appended)
    assert isinstance(second, Appended)
    assert [event.seq for event in (*first.events, *second.events)] == [1, 2, 3, 4, 5]
    assert log(claim.stream_id) == [*first.events, *second.events]
    assert position(claim.stream_id, using="default").last_seq == 5


def test_append_says_the_events_as_they_are_read():
    claim = a_claim()
    chunk = StreamingChunk("ab", "thinking", (1, 1), (0, 7))
    [appended] = append(batch(claim, 0, chunk))
    [event] = log(claim.stream_id)
    assert event == appended.events[0]
    assert (event.data, event.ts, event.run_id, event.attempt) == (chunk, FIRST_TS, claim.run_id, 1)


def test_append_writes_many_streams_in_one_transaction_each_with_its_own_numbers():
    claims = [a_claim() for _ in range(40)]
    append(*(batch(claim, 0, Start(), f"run {i}") for i, claim in enumerate(claims)))
    append(*(batch(claim, 2, "more") for claim in reversed(claims)))
    for i, claim in enumerate(claims):
        events = log(claim.stream_id)
        assert [event.seq for event in events] == [1, 2, 3]
        assert [event.data for event in events[1:]] == [StreamingChunk(f"run {i}"), StreamingChunk("more")]


def test_append_lets_two_runs_of_one_stream_share_a_transaction():
    stream = Stream.objects.create()
    one, two = a_claim(a_run(stream=stream)), a_claim(a_run(stream=stream))
    append(batch(one, 0, "a", "b"), batch(two, 0, "c"))
    append(batch(two, 1, "d"), batch(one, 2, "e"))
    assert [(event.seq, event.run_id, event.data.delta) for event in log(stream)] == [
        (1, one.run_id, "a"),
        (2, one.run_id, "b"),
        (3, two.run_id, "c"),
        (4, two.run_id, "d"),
        (5, one.run_id, "e"),
    ]


def test_append_of_nothing_is_nothing():
    with transaction.atomic():
        assert append_batches([]) == []


def refused(result: Appended | Refused) -> str:
    assert isinstance(result, Refused), result
    return result.reason


def test_append_refuses_a_lower_fence():
    claim = a_claim()
    append(batch(claim, 0, "mine"))
    Run.objects.filter(pk=claim.run_id).update(fence=claim.fence + 1)
    [result] = append(batch(claim, 1, "not mine any more"))
    assert "fence" in refused(result)
    assert [event.data.delta for event in log(claim.stream_id)] == ["mine"]


def test_append_refuses_an_earlier_attempt():
    first = a_claim()
    Run.objects.filter(pk=first.run_id).update(state=Run.State.QUEUED)
    second = a_claim(Run.objects.get(pk=first.run_id))
    assert (second.attempt, second.fence) == (2, 2)
    [result] = append(batch(first, 0, "from the dead"))
    assert refused(result)
    [result] = append(batch(first, 0, "with a stolen fence", fence=second.fence))
    assert refused(result)
    assert log(first.stream_id) == []


@pytest.mark.parametrize("state", [*Run.ENDED, Run.State.QUEUED])
def test_append_refuses_a_run_that_is_not_being_written(state):
    claim = a_claim()
    Run.objects.filter(pk=claim.run_id).update(state=state)
    [result] = append(batch(claim, 0, "late"))
    assert state in refused(result)
    assert rows() == 0


@pytest.mark.parametrize("after_n", [0, 1, 3, 7])
def test_append_refuses_any_position_but_the_next(after_n):
    claim = a_claim()
    append(batch(claim, 0, "a", "b"))
    [result] = append(batch(claim, after_n, "x", "y", "z"))
    assert "position" in refused(result)
    assert rows() == 2


def test_append_refuses_a_run_and_a_stream_that_are_gone():
    claim, other = a_claim(), a_claim()
    missing = Batch(claim.stream_id, "no such run", 1, 1, 0, batch(claim, 0, "a").items)
    nowhere = Batch(10**9, other.run_id, 1, other.fence, 0, batch(other, 0, "a").items)
    for result in append(missing, nowhere):
        assert "gone" in refused(result)
    assert rows() == 0


def test_append_of_a_refused_batch_leaves_nothing_and_its_neighbours_land():
    good, fenced, also_good = a_claim(), a_claim(), a_claim()
    Run.objects.filter(pk=fenced.run_id).update(fence=9)
    results = append(batch(good, 0, "a"), batch(fenced, 0, "b", "c"), batch(also_good, 0, "d"))
    assert [type(result) for result in results] == [Appended, Refused, Appended]
    assert log(fenced.stream_id) == []
    assert position(fenced.stream_id, using="default").last_seq == 0
    assert Run.objects.get(pk=fenced.run_id).last_n == 0
    assert [log(claim.stream_id)[0].data.delta for claim in (good, also_good)] == ["a", "d"]


def test_append_leaves_no_hole_where_a_refused_batch_of_the_same_stream_was():
    stream = Stream.objects.create()
    good, fenced = a_claim(a_run(stream=stream)), a_claim(a_run(stream=stream))
    append(batch(fenced, 0, "x", fence=0), batch(good, 0, "a"), batch(fenced, 0, "y", fence=7))
    assert [(event.seq, event.data.delta) for event in log(stream)] == [(1, "a")]


def test_append_repeated_gives_the_same_seqs_and_writes_nothing():
    claim = a_claim()
    append(batch(claim, 0, Start()))
    same = batch(claim, 1, "a", "b")
    [once] = append(same)
    append(batch(claim, 3, "c"))
    before = rows()
    [again] = append(same)
    assert isinstance(again, Appended)
    assert again.repeated
    assert not once.repeated
    assert again.events == once.events
    assert rows() == before
    assert position(claim.stream_id, using="default").last_seq == 4


def test_append_repeated_after_the_run_has_ended_gives_the_same_seqs():
    claim = a_claim()
    last = batch(claim, 0, "a", Complete())
    [once] = append(last)
    Run.objects.filter(pk=claim.run_id).update(state=Run.State.COMPLETE)
    [again] = append(last)
    assert (again.repeated, again.events) == (True, once.events)


def test_append_repeated_after_compaction_gives_the_same_seqs():
    stream = Stream.objects.create()
    claim, other = a_claim(a_run(stream=stream)), a_claim(a_run(stream=stream))
    append(batch(claim, 0, Start(), "a"), batch(other, 0, "between"))
    last = batch(claim, 2, "b", "c", Complete())
    [once] = append(last)
    Run.objects.filter(stream=stream).update(state=Run.State.COMPLETE)
    compact(stream.pk, 1, position(stream.pk, using="default").last_seq)
    [again] = append(last)
    assert (again.repeated, again.events) == (True, once.events)
    assert [event.seq for event in once.events] == [4, 5, 6]


def test_append_repeated_after_the_fence_was_raised_is_refused():
    claim = a_claim()
    same = batch(claim, 0, "a")
    append(same)
    Run.objects.filter(pk=claim.run_id).update(fence=claim.fence + 1)
    assert isinstance(append(same)[0], Refused)


def test_append_is_undone_with_its_transaction():
    claim = a_claim()
    with transaction.atomic():
        append_batches([batch(claim, 0, "a", "b")])
        transaction.set_rollback(True)
    assert (rows(), position(claim.stream_id, using="default").last_seq) == (0, 0)
    [result] = append(batch(claim, 0, "a"))
    assert [event.seq for event in result.events] == [1]


def test_producer_position_is_unique_in_the_database_itself():
    claim = a_claim()
    append(batch(claim, 0, "a"))
    Run.objects.filter(pk=claim.run_id).update(last_n=0)
    with pytest.raises(IntegrityError):
        append(batch(claim, 0, "b"))


def test_seq_is_unique_in_the_database_itself():
    claim = a_claim()
    append(batch(claim, 0, "a"))
    Stream.objects.filter(pk=claim.stream_id).update(last_seq=0)
    with pytest.raises(IntegrityError):
        append(batch(claim, 1, "b"))


def test_append_remembers_whether_the_attempt_has_spoken():
    def spoke() -> bool:
        return Run.objects.get(pk=claim.run_id).spoke

    claim = a_claim()
    append(batch(claim, 0, Start()))
    assert spoke() is False
    append(batch(claim, 1, Metadata(model="x")))
    assert spoke() is True
    append(batch(claim, 2, "a"))
    assert spoke() is True


def test_append_events_numbers_between_those_of_runs():
    claim = a_claim()
    append(batch(claim, 0, "a"))
    with transaction.atomic():
        epoch, events = append_events(claim.stream_id, [prepare(ConversationChanged(title="T"), ts=5)] * 2)
    append(batch(claim, 1, "b"))
    assert epoch == Stream.objects.get(pk=claim.stream_id).epoch
    assert [event.seq for event in events] == [2, 3]
    assert [(event.seq, event.run_id) for event in log(claim.stream_id)] == [
        (1, claim.run_id),
        (2, ""),
        (3, ""),
        (4, claim.run_id),
    ]


def test_append_events_to_a_stream_that_is_gone_says_so():
    with pytest.raises(StreamGoneError), transaction.atomic():
        append_events(10**9, [prepare(ConversationChanged(title="T"), ts=5)])


def test_claims_of_one_run_grow_the_fence_each_time():
    run, engine = a_run(), register_engine(capacity=1)
    fences = []
    for _ in range(4):
        [claim] = claim_runs(engine.pk, room=1)
        fences.append((claim.attempt, claim.fence))
        Run.objects.filter(pk=run.pk).update(state=Run.State.QUEUED)
    assert fences == [(1, 1), (2, 2), (3, 3), (4, 4)]
