"""Hashes of what a viewer showed at each seq, and whether the log up to that seq says the same. Knows no HTML."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from tests.support.checker import DifferenceError, block_of, normal
from tests.support.log_reader import Logged

# What the page may not show yet: the beginning of a line that could become the closing fence.
HELD_BACK = 8


@dataclass(frozen=True)
class Mark:
    """At `seq` a run's code block showed `length` characters with this hash."""

    seq: int
    run: str
    length: int
    digest: str


@dataclass
class Rolling:
    """The marks of one viewer, one whenever a run's block has changed."""

    marks: list[Mark] = field(default_factory=list)
    _last: dict[str, str] = field(default_factory=dict)

    def note(self, seq: int, run: str, shown: str) -> None:
        """The block of `run` shows this at `seq`."""
        if self._last.get(run) != shown:
            self._last[run] = shown
            text = shown.removesuffix("\n")
            self.marks.append(Mark(seq, run, len(text), digest(text)))

    def shown(self, run: str) -> str:
        """The block of `run` as it was shown last."""
        return self._last.get(run, "")


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def shows_the_log(marks: Sequence[Mark], events: Iterable[Logged], what: str) -> None:
    """Each mark is the log up to its seq, all of it but what may be held back. Raises DifferenceError."""
    waiting = sorted(marks, key=lambda mark: mark.seq)
    said: dict[str, str] = {}
    for event in events:
        while waiting and waiting[0].seq < event.seq:
            _compare(waiting.pop(0), said, what)
        if event.type == "chunk" and event.data.get("part", "text") == "text":
            said[event.run] = said.get(event.run, "") + event.data["delta"]
    for mark in waiting:
        _compare(mark, said, what)


def _compare(mark: Mark, said: dict[str, str], what: str) -> None:
    text = said.get(mark.run, "")
    logged = block_of(normal(text)).removesuffix("\n") if "\n" in text else ""
    if not len(logged) - HELD_BACK <= mark.length <= len(logged):
        raise DifferenceError(
            f"{what} at seq {mark.seq}: {mark.length} characters of run {mark.run}, the log has {len(logged)}"
        )
    if digest(logged[: mark.length]) != mark.digest:
        raise DifferenceError(f"{what} at seq {mark.seq}: run {mark.run} shows something else than the log has")
