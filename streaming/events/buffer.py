"""Gather the events of one run into what they say. Knows no log, socket or model."""

from typing import Literal

import msgspec

from streaming.events.run_data import (
    Cancelled,
    Complete,
    Failed,
    Interrupted,
    Metadata,
    Part,
    Start,
    StreamingChunk,
    ToolCall,
    ToolResult,
    Usage,
)
from streaming.events.vocabulary import StreamingEvent

State = Literal["empty", "running", "complete", "cancelled", "error", "interrupted"]

_STATES: dict[type, State] = {
    Complete: "complete",
    Cancelled: "cancelled",
    Failed: "error",
    Interrupted: "interrupted",
}


class BufferedPart(msgspec.Struct, frozen=True, omit_defaults=True):
    """Text of one part without a change of part in it, or one structured item with its `meta`."""

    part: Part
    text: str
    meta: dict[str, object] | None = None


class FinalMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a run has said, as one message. `duration` in seconds; `tokens` as `StreamingBuffer.tokens`."""

    text: str
    state: State
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_results: tuple[ToolResult, ...] = ()
    model: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    tokens: int = 0
    duration: float = 0.0
    role: Literal["assistant"] = "assistant"


class StreamingBuffer:
    """Add the events of one run in order; read what they amount to at any time.

    Adding costs the same however long the answer is. A `start` of a higher attempt empties the
    buffer, as it supersedes what the attempts before it said; their late events are ignored.
    """

    def __init__(self) -> None:
        self._attempt = 0
        self._clear()

    def _clear(self) -> None:
        self._pieces: list[tuple[Part, list[str], dict[str, object] | None]] = []
        self._calls: dict[str, ToolCall] = {}
        self._results: dict[str, ToolResult] = {}
        self._first_ts: int | None = None
        self._last_ts = 0
        self._finish_reason = ""
        self.chunk_count = 0
        self.start: Start | None = None
        self.model = ""
        self.usage: Usage | None = None
        self.terminal: StreamingEvent | None = None

    def add(self, event: StreamingEvent) -> None:
        """Take in one event."""
        if event.attempt < self._attempt:
            return
        data = event.data
        if isinstance(data, Start):
            if event.attempt > self._attempt:
                self._clear()
            self._attempt = event.attempt
            self.start, self.model = data, data.model
        self._timed(event)
        match data:
            case StreamingChunk():
                self._chunk(data)
            case ToolCall():
                self._calls[data.id] = _merged(self._calls.get(data.id), data)
            case ToolResult():
                self._results[data.id] = data
            case Metadata():
                self._known(data)
        if event.is_terminal:
            self.terminal = event
            if isinstance(data, Complete):
                self._finish_reason = self._finish_reason or data.finish_reason

    @property
    def content(self) -> str:
        """The answer's text, without its thinking."""
        return self._joined("text")

    @property
    def thinking(self) -> str:
        """The thinking."""
        return self._joined("thinking")

    @property
    def parts(self) -> list[BufferedPart]:
        """Text and thinking in the order they came, neighbours of one part merged."""
        return [BufferedPart(part, "".join(texts), meta) for part, texts, meta in self._pieces]

    @property
    def tool_calls(self) -> list[ToolCall]:
        """Each tool call in its latest state."""
        return list(self._calls.values())

    @property
    def tool_results(self) -> list[ToolResult]:
        """What the tool calls gave."""
        return list(self._results.values())

    @property
    def duration(self) -> float:
        """Seconds from the first event to the last delta or event."""
        return 0.0 if self._first_ts is None else (self._last_ts - self._first_ts) / 1000

    @property
    def tokens(self) -> int:
        """Tokens of the answer: the provider's count, or while there is none the number of deltas."""
        counted = self.usage.output_tokens if self.usage else None
        return self.chunk_count if counted is None else counted

    @property
    def finish_reason(self) -> str:
        """Why the model stopped, "" while it has not."""
        return self._finish_reason

    @property
    def state(self) -> State:
        """How far the run is; the last four are final."""
        if self.terminal is not None:
            return _STATES[type(self.terminal.data)]
        return "empty" if self._first_ts is None else "running"

    def message(self) -> FinalMessage:
        """All of it as one message, also before the end."""
        return FinalMessage(
            text=self.content,
            state=self.state,
            thinking=self.thinking,
            tool_calls=tuple(self._calls.values()),
            tool_results=tuple(self._results.values()),
            model=self.model,
            finish_reason=self._finish_reason,
            usage=self.usage,
            tokens=self.tokens,
            duration=self.duration,
        )

    def _timed(self, event: StreamingEvent) -> None:
        last = event.ts
        if isinstance(event.data, StreamingChunk) and event.data.times:
            last += event.data.times[-1]
        self._first_ts = event.ts if self._first_ts is None else self._first_ts
        self._last_ts = max(self._last_ts, last)

    def _chunk(self, chunk: StreamingChunk) -> None:
        self.chunk_count += len(chunk.lengths) or 1
        mergeable = self._pieces and chunk.meta is None and self._pieces[-1][2] is None
        if mergeable and self._pieces[-1][0] == chunk.part:
            self._pieces[-1][1].append(chunk.delta)
        else:
            self._pieces.append((chunk.part, [chunk.delta], chunk.meta))

    def _known(self, metadata: Metadata) -> None:
        self.model = metadata.model or self.model
        self.usage = metadata.usage or self.usage
        self._finish_reason = metadata.finish_reason or self._finish_reason

    def _joined(self, part: Part) -> str:
        return "".join(text for kind, texts, _ in self._pieces if kind == part for text in texts)


def _merged(known: ToolCall | None, call: ToolCall) -> ToolCall:
    """The newer state, with what only the older one said."""
    if known is None:
        return call
    return msgspec.structs.replace(call, name=call.name or known.name, arguments=call.arguments or known.arguments)
