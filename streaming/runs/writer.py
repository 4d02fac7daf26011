"""One run's side of the group commit: what it says, until it is in the log. Knows no database and no agent."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from streaming.errors import StreamingError
from streaming.events import EventData, StreamingChunk, fold
from streaming.log import Appended, Batch, prepare
from streaming.runs.answer import Answer
from streaming.runs.claim import Claim
from streaming.runs.commit import Saying
from streaming.runs.ending import now_ms

PAUSE_SECONDS = 0.25  # a token after such a pause is waited for by a reader, so it does not wait for the tick
UNWRITTEN_CHARACTERS = 1 << 20  # what one run may hold in memory while the database is away


class WriteRefusedError(StreamingError):
    """The log takes nothing more of this run's attempt."""

    code = "refused"


class Group(Protocol):
    """What a writer needs of the group commit."""

    def wake(self, writer: "RunWriter", *, urgent: bool) -> None:
        """`writer` has something to say; `urgent` does not wait for the tick."""


class RunWriter:
    """One attempt's side of the group commit. Used on the engine's loop only.

    `refused` says why nothing more will be written; `broken` that this run's own words are the reason.
    `on_refused` is called once when that happens, so that the model is not read in vain.
    """

    def __init__(self, group: Group, claim: Claim) -> None:
        self.claim = claim
        self.answer = Answer()
        self.refused: str = ""
        self.broken = False
        self.on_refused: Callable[[], object] = lambda: None
        self._group = group
        self._pending: list[tuple[int, EventData]] = []
        self._terminal: EventData | None = None
        self._in_flight: Saying | None = None
        self._after_n = 0
        self._unwritten = 0
        self._last_said = 0.0
        self._has_spoken = False
        self._progress = asyncio.Event()

    def say(self, data: EventData) -> None:
        """Take one event in; it is in the log, and only then visible, after a following tick."""
        ts = now_ms()
        self.answer.add(ts, data)
        self._pending.append((ts, data))
        self._unwritten += _size(data)
        self._group.wake(self, urgent=self._is_waited_for(data))

    def _is_waited_for(self, data: EventData) -> bool:
        now = time.monotonic()
        paused = now - self._last_said > PAUSE_SECONDS
        self._last_said = now
        if isinstance(data, StreamingChunk) and not self._has_spoken:
            self._has_spoken = True
            return True
        return paused

    @property
    def is_full(self) -> bool:
        """Too much is unwritten: whoever reads from a model must `await written()` before going on."""
        return self._unwritten > UNWRITTEN_CHARACTERS

    async def end(self, terminal: EventData) -> None:
        """Say the last word and wait until it is committed. Raises `WriteRefusedError`."""
        self._terminal = terminal
        self.say(terminal)
        await self.written()

    async def written(self) -> None:
        """Wait until all that was said is in the log. Raises `WriteRefusedError`."""
        while self._unwritten and not self.refused:
            self._progress.clear()
            await self._progress.wait()
        if self.refused:
            raise WriteRefusedError(f"The log refused this run: {self.refused}.")

    def take(self) -> Saying | None:
        """What to commit next; the same again until `done` or `refuse` answered it.

        Raises whatever encoding raises: then these words cannot be written.
        """
        if self._in_flight is None and self._pending:
            claim, pending = self.claim, self._pending
            self._pending = []
            items = tuple(
                prepare(data, ts=ts, run_id=claim.run_id, attempt=claim.attempt) for ts, data in fold(pending)
            )
            batch = Batch(claim.stream_id, claim.run_id, claim.attempt, claim.fence, self._after_n, items)
            ends = self._terminal is not None and pending[-1][1] is self._terminal
            self._in_flight = Saying(batch, self._terminal, self.answer) if ends else Saying(batch)
        return self._in_flight

    def done(self, appended: Appended) -> None:
        """The batch in flight is committed."""
        self._in_flight = None
        self._after_n += len(appended.batch.items)
        self._unwritten = sum(_size(data) for _, data in self._pending)
        self._progress.set()

    def refuse(self, reason: str, *, broken: bool = False) -> None:
        """Nothing more of this attempt will be written."""
        self._in_flight = None
        self._pending.clear()
        self._progress.set()
        if not self.refused:
            self.refused, self.broken = reason or "no reason was given", broken
            self.on_refused()

    @property
    def has_more(self) -> bool:
        return bool(self._pending)


def _size(data: EventData) -> int:
    """Characters, about: what is not text is small."""
    return len(data.delta) if isinstance(data, StreamingChunk) else 100
