"""A person's pace: events are delayed until a boundary, at most two seconds, and never changed."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.delivery.boundaries import HOLD_SECONDS, Holdback
from streaming.events import Complete, StreamingChunk, event_of


def chunks(*deltas: str, part: str = "text", run: str = "r", start: int = 1):
    seqs = count(start)
    return tuple(event_of(StreamingChunk(d, part), seq=next(seqs), ts=1, run_id=run, attempt=1) for d in deltas)


def shown(holdback: Holdback, now: float) -> list[str]:
    return [getattr(event.data, "delta", event.type.value) for event in holdback.take(now)]


def test_as_it_comes_holds_nothing():
    holdback = Holdback("as_it_comes")
    holdback.add(chunks("wo", "rd"), 0.0)
    assert shown(holdback, 0.0) == ["wo", "rd"]


@pytest.mark.parametrize(
    ("pace", "deltas", "now_shown"),
    [
        ("word", ("Hel",), []),
        ("word", ("Hel", "lo ", "wor"), ["Hel", "lo "]),
        ("word", ("Hello", " wor"), ["Hello"]),
        ("word", ("a b", "c"), []),
        ("sentence", ("It is.",), []),
        ("sentence", ("It is. ",), ["It is. "]),
        ("sentence", ("It is.", " So"), ["It is."]),
        ("sentence", ("3.", "14"), []),
        ("sentence", ("He said “no.”", " And"), ["He said “no.”"]),
        ("sentence", ("好。",), ["好。"]),
        ("sentence", ("# Title\n", "Te"), ["# Title\n"]),
        ("sentence", ("item", "\nnext"), ["item"]),
        ("line", ("one. ", "two"), []),
        ("line", ("one\n", "two"), ["one\n"]),
        ("line", ("one", "\n", "two"), ["one", "\n"]),
    ],
)
def test_text_is_shown_up_to_the_last_boundary(pace, deltas, now_shown):
    holdback = Holdback(pace)
    holdback.add(chunks(*deltas), 0.0)
    assert shown(holdback, 0.0) == now_shown


@pytest.mark.parametrize("pace", ["word", "sentence", "line"])
def test_text_waits_two_seconds_at_most(pace):
    holdback = Holdback(pace)
    holdback.add(chunks("wo"), 10.0)
    holdback.add(chunks("rd", start=2), 11.5)
    assert holdback.due() == 10.0 + HOLD_SECONDS
    assert shown(holdback, 11.9) == []
    assert shown(holdback, 12.0) == ["wo", "rd"]
    assert holdback.due() is None


@pytest.mark.parametrize("pace", ["word", "sentence", "line"])
def test_end_of_a_run_is_never_held_back(pace):
    holdback = Holdback(pace)
    end = event_of(Complete(), seq=2, ts=1, run_id="r", attempt=1)
    holdback.add((*chunks("wo"), end), 0.0)
    assert shown(holdback, 0.0) == ["wo", "complete"]


def test_another_part_or_run_ends_what_was_said_before():
    holdback = Holdback("line")
    holdback.add(chunks("thought", part="thinking") + chunks("answer", start=2), 0.0)
    assert shown(holdback, 0.0) == ["thought"]
    holdback.add(chunks("other", run="s", start=3), 0.0)
    assert shown(holdback, 0.0) == ["answer"]


@given(
    pace=st.sampled_from(["as_it_comes", "word", "sentence", "line"]),
    batches=st.lists(st.lists(st.text("a .\n!é", max_size=4), min_size=1, max_size=4), max_size=20),
    pauses=st.lists(st.floats(0.01, 1.0), min_size=20, max_size=20),
)
def test_holdback_shows_a_prefix_at_any_time_and_everything_in_two_seconds(pace, batches, pauses):
    holdback, now, seq = Holdback(pace), 0.0, 1
    given_events, arrived, taken = [], {}, []
    for batch, pause in zip(batches, pauses, strict=False):
        events = chunks(*batch, start=seq)
        seq += len(events)
        holdback.add(events, now)
        given_events += events
        arrived |= {event.seq: now for event in events}
        taken += holdback.take(now)
        assert taken == given_events[: len(taken)]
        now += pause
        if (due := holdback.due()) is not None and due <= now:
            taken += holdback.take(due)
        assert all(now - arrived[event.seq] <= HOLD_SECONDS for event in given_events[len(taken) :])
    taken += holdback.take(now + HOLD_SECONDS)
    assert taken == given_events
