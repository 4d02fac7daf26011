"""What a run has said so far, for the message that keeps it. Knows no database."""

from collections.abc import Iterable
from typing import Any

import msgspec

from streaming.events import (
    EventData,
    Failed,
    Interrupted,
    Metadata,
    Start,
    StreamingChunk,
    StreamingEvent,
    ToolCall,
    ToolResult,
)


class Answer:
    """Accumulates one attempt: parts `[kind, text]`, tool calls and the facts of the quiet line."""

    def __init__(self) -> None:
        self._parts: list[tuple[str, list[str]]] = []
        self._facts: dict[str, Any] = {}
        self._calls: dict[str, ToolCall] = {}
        self._results: dict[str, ToolResult] = {}
        self._started_at = 0
        self._first_token_at = 0
        self._last_token_at = 0
        self._chunks = 0

    @classmethod
    def of(cls, events: Iterable[StreamingEvent]) -> "Answer":
        """The answer that a run's last attempt left in the log."""
        answer = cls()
        for event in events:
            if isinstance(event.data, Start):
                answer = cls()
            answer.add(event.ts, event.data)
        return answer

    def add(self, ts: int, data: EventData) -> None:
        """Take in what happened at `ts` (Unix ms)."""
        if isinstance(data, StreamingChunk):
            self._first_token_at = self._first_token_at or ts
            self._last_token_at = ts
            self._chunks += len(data.lengths) or 1
            if not self._parts or self._parts[-1][0] != data.part:
                self._parts.append((data.part, []))
            self._parts[-1][1].append(data.delta)
        elif isinstance(data, Start):
            self._started_at = ts
            self._facts["model"] = data.model
        elif isinstance(data, Metadata):
            self._facts |= msgspec.to_builtins(data)
        elif isinstance(data, ToolCall):
            known = self._calls.get(data.id, data)
            self._calls[data.id] = msgspec.structs.replace(
                data, name=data.name or known.name, arguments=data.arguments or known.arguments
            )
        elif isinstance(data, ToolResult):
            self._results[data.id] = data
        elif isinstance(data, Failed):
            self._facts["error"] = msgspec.to_builtins(data)
        elif isinstance(data, Interrupted):
            self._facts["reason"] = data.reason

    @property
    def parts(self) -> list[list[str]]:
        """`[[kind, text], …]`, neighbours of one kind joined."""
        return [[kind, "".join(deltas)] for kind, deltas in self._parts]

    @property
    def facts(self) -> dict[str, Any]:
        """As far as they are known: model, usage, finish_reason, times in ms, chunks, calls, results, error, reason."""
        facts = dict(self._facts)
        if self._calls:
            facts["calls"] = msgspec.to_builtins(list(self._calls.values()))
        if self._results:
            facts["results"] = msgspec.to_builtins(list(self._results.values()))
        return facts

    def times(self, ended_at: int) -> Metadata:
        """How long the first token and the whole took, in ms, for an answer that ends at `ended_at`; its deltas."""
        duration = ended_at - self._started_at
        if not self._chunks:
            return Metadata(duration_ms=duration)
        first = self._first_token_at - self._started_at
        return Metadata(first_token_ms=first, duration_ms=duration, chunks=self._chunks)

    @property
    def last_token_at(self) -> int:
        """Unix ms; 0 while nothing was said."""
        return self._last_token_at

    @property
    def has_begun(self) -> bool:
        """Whether it was announced: a run that was stopped before has neither start nor times."""
        return self._started_at > 0

    @property
    def finish_reason(self) -> str:
        """The provider's reason, "stop" where it gave none."""
        return str(self._facts.get("finish_reason") or "stop")
