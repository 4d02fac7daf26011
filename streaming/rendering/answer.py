"""What one message has come to: a run's events folded, whatever shows them. Knows no HTML."""

import msgspec

from streaming.events import (
    Cancelled,
    Complete,
    Failed,
    Interrupted,
    Metadata,
    Part,
    Start,
    StreamingChunk,
    StreamingEvent,
    ToolCall,
    ToolResult,
    Usage,
)
from streaming.rendering.snapshot import MessageState, MessageStatus

COUNT_EVERY_MS = 1_000  # the quiet line changes once a second: faster than that nobody reads it

ENDED = frozenset({"complete", "cancelled", "error", "interrupted"})


class Answer:
    """The facts of a message, text excepted. `state` and `attempt` decide which events still count."""

    def __init__(self, begun: MessageState) -> None:
        self.state: MessageStatus = begun.state
        self.attempt = begun.attempt
        self.model = begun.model
        self.started_at = 0
        self.first_chunk_at = 0
        self.error = begun.error
        self.reason = begun.reason
        self.finish_reason = begun.finish_reason
        self.usage: Usage | None = begun.usage
        self.first_token_ms = begun.first_token_ms
        self.duration_ms = begun.duration_ms
        self.chunks = begun.chunks
        self.counted, self.counted_at = 0, 0
        self._count = self._count_at = 0
        self.calls = {call.id: call for call in begun.calls}
        self.results = {result.id: result for result in begun.results}

    @property
    def has_ended(self) -> bool:
        """Whether the last word was said."""
        return self.state in ENDED

    def accepts(self, event: StreamingEvent) -> bool:
        """Whether the event counts: one of an earlier attempt, or of an attempt that has ended, does not."""
        if isinstance(event.data, Start):
            return event.attempt > self.attempt or not self.has_ended
        return event.attempt >= self.attempt and not self.has_ended

    def start(self, event: StreamingEvent, data: Start) -> None:
        """An attempt begins: what earlier ones brought is void."""
        self.state = "running"
        self.attempt = event.attempt
        self.model = data.model or self.model
        self.started_at, self.first_chunk_at = event.ts, 0
        self.error, self.reason, self.finish_reason, self.usage = None, "", "", None
        self.first_token_ms = self.duration_ms = self.chunks = None
        self.counted = self.counted_at = self._count = self._count_at = 0
        self.calls, self.results = {}, {}

    def know(self, data: Metadata) -> None:
        """More facts; later values replace earlier ones."""
        self.model = data.model or self.model
        self.finish_reason = data.finish_reason or self.finish_reason
        self.usage = data.usage or self.usage
        self.first_token_ms = self.first_token_ms if data.first_token_ms is None else data.first_token_ms
        self.duration_ms = self.duration_ms if data.duration_ms is None else data.duration_ms
        self.chunks = self.chunks if data.chunks is None else data.chunks

    def call(self, data: ToolCall) -> None:
        """A tool call in its newest state, with what only an older one said."""
        known = self.calls.get(data.id)
        if known is not None:
            data = msgspec.structs.replace(
                data, name=data.name or known.name, arguments=data.arguments or known.arguments
            )
        self.calls[data.id] = data

    def result(self, data: ToolResult) -> None:
        """What a tool call gave."""
        self.results[data.id] = data

    def end(self, data: Complete | Cancelled | Failed | Interrupted) -> None:
        """The one terminal event."""
        match data:
            case Complete():
                self.state = "complete"
                self.finish_reason = self.finish_reason or data.finish_reason
            case Cancelled():
                self.state = "cancelled"
            case Failed():
                self.state, self.error = "error", data
            case Interrupted():
                self.state, self.reason = "interrupted", data.reason

    def chunk(self, ts: int, data: StreamingChunk) -> bool:
        """Text came at `ts` (Unix ms); true if the quiet line changes: at the first of the attempt, then by the second.

        What it says is a function of the events alone, so that every view counts alike.
        """
        self._count += len(data.lengths) or 1
        if ts < self._count_at:
            return False
        if self.first_chunk_at:
            self.counted, self.counted_at = self._count, ts
        else:
            self.first_chunk_at = ts
        self._count_at = ts + COUNT_EVERY_MS
        return True

    @property
    def tokens(self) -> int | None:
        """As the provider counts them."""
        return self.usage.output_tokens if self.usage else None


def joined(parts: tuple[tuple[Part, str], ...]) -> list[tuple[Part, str]]:
    """`parts` with neighbours of one kind as one."""
    result: list[tuple[Part, str]] = []
    for kind, text in parts:
        if result and result[-1][0] == kind:
            result[-1] = (kind, result[-1][1] + text)
        else:
            result.append((kind, text))
    return result
