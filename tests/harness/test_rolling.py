"""The viewers' checker fails when one event of the log is dropped, repeated or swapped, and when a viewer strays."""

import dataclasses

import pytest

from tests.support.checker import DifferenceError
from tests.support.log_reader import Logged
from tests.support.rolling import Rolling, shows_the_log

DELTAS = ["```text\n", *(f"w{number:05d} " for number in range(1, 13)), "\n```\n"]


def logged(deltas: list[str], runs: tuple[str, ...] = ("r",)) -> list[Logged]:
    said = [(run, delta) for delta in deltas for run in runs]
    return [Logged(seq, seq, "chunk", run, 1, {"delta": delta}) for seq, (run, delta) in enumerate(said, 1)]


def watched(events: list[Logged], *, every: int = 1) -> Rolling:
    """What a faithful viewer notes of these events, looking at each n-th."""
    rolling, said = Rolling(), ""
    for event in events:
        said += event.data["delta"]
        if event.seq % every == 0 or event is events[-1]:
            rolling.note(event.seq, event.run, said.removeprefix("```text\n").partition("\n```")[0])
    return rolling


def numbered(events: list[Logged]) -> list[Logged]:
    return [dataclasses.replace(event, seq=seq) for seq, event in enumerate(events, 1)]


@pytest.mark.parametrize("every", [1, 3])
def test_rolling_passes_a_faithful_viewer(every):
    events = logged(DELTAS)
    shows_the_log(watched(events, every=every).marks, events, "viewer")


def test_rolling_passes_what_is_held_back_before_a_fence():
    events = logged([*DELTAS[:4], "\n`", "``", "\n"])
    rolling = watched(events[:4])
    rolling.note(7, "r", rolling.shown("r"))
    shows_the_log(rolling.marks, events, "viewer")


@pytest.mark.parametrize("fault", ["dropped", "repeated", "swapped"])
@pytest.mark.parametrize("at", [2, 6, 11])
def test_rolling_refuses_a_log_that_differs_by_one_event(fault, at):
    events = logged(DELTAS)
    marks = watched(events).marks
    match fault:
        case "dropped":
            events = events[:at] + events[at + 1 :]
        case "repeated":
            events = events[: at + 1] + events[at:]
        case "swapped":
            events = [*events[:at], events[at + 1], events[at], *events[at + 2 :]]
    with pytest.raises(DifferenceError, match="at seq"):
        shows_the_log(marks, numbered(events), "viewer")


@pytest.mark.parametrize("fault", ["dropped", "repeated", "swapped"])
def test_rolling_refuses_a_viewer_that_differs_by_one_frame(fault):
    events = logged(DELTAS)
    shown = [event.data["delta"] for event in events]
    match fault:
        case "dropped":
            shown[5] = ""
        case "repeated":
            shown[5] *= 2
        case "swapped":
            shown[5], shown[6] = shown[6], shown[5]
    strayed = [dataclasses.replace(event, data={"delta": shown[event.seq - 1]}) for event in events]
    with pytest.raises(DifferenceError):
        shows_the_log(watched(strayed).marks, events, "viewer")


def test_rolling_refuses_a_viewer_that_is_ahead_of_the_log():
    events = logged(DELTAS)
    rolling = watched(events[:6])
    ahead = [dataclasses.replace(mark, seq=mark.seq - 1) for mark in rolling.marks if mark.seq > 1]
    with pytest.raises(DifferenceError):
        shows_the_log(ahead, events, "viewer")


def test_rolling_refuses_a_viewer_that_lags_behind_what_it_acknowledged():
    events = logged(DELTAS)
    late = [dataclasses.replace(mark, seq=mark.seq + 3) for mark in watched(events[:6]).marks]
    with pytest.raises(DifferenceError):
        shows_the_log(late, events, "viewer")


def test_rolling_keeps_runs_apart():
    first, second = logged(DELTAS), logged(DELTAS)
    second = [dataclasses.replace(event, run="s", seq=event.seq + len(first)) for event in second]
    marks = [*watched(first).marks, *watched(second).marks]
    shows_the_log(marks, [*first, *second], "viewer")
    crossed = [dataclasses.replace(mark, run="s") for mark in watched(first).marks]
    with pytest.raises(DifferenceError):
        shows_the_log(crossed, [*first, *second], "viewer")
