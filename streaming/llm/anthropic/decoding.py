"""Anthropic messages as events. Knows no HTTP.

Format: Anthropic API documentation, "Streaming messages". Unknown events, blocks and deltas are ignored,
as it asks; signatures, citations, redacted thinking and compaction say nothing to a reader.
"""

import json
from typing import Any

import msgspec

from streaming.events import EventData, ToolResult, Usage, defined_text
from streaming.llm.decoding import (
    NO_ANSWER,
    CallInParts,
    as_count,
    as_list,
    as_mapping,
    as_text,
    joined,
    parsed,
)
from streaming.llm.errors import MalformedStreamError, NotAStreamError
from streaming.llm.failures import reported_error
from streaming.llm.sse_decoding import SseAnswerDecoder

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
}
CALL_BLOCKS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})


class _Delta(msgspec.Struct):
    type: Any = ""
    text: Any = ""
    thinking: Any = ""
    partial_json: Any = ""
    stop_reason: Any = None


class _Message(msgspec.Struct):
    """A type of event, or the whole answer when it came at once."""

    type: Any = ""
    index: Any = 0
    delta: _Delta | None = None
    content_block: Any = None
    message: Any = None
    usage: Any = None
    error: Any = None
    model: Any = ""
    content: Any = None
    stop_reason: Any = None


_message_decoder = msgspec.json.Decoder(_Message)


class AnthropicDecoder(SseAnswerDecoder):
    """Server-sent events of messages in, events out."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: dict[int, CallInParts] = {}
        self._given: dict[int, object] = {}
        self._counts: dict[str, Any] = {}

    def whole(self, body: bytes) -> list[EventData]:
        try:
            answer = parsed(_message_decoder, body)
            if answer.error:
                self._fail(reported_error(answer.error))
            elif answer.type != "message":
                self._fail(NotAStreamError(NO_ANSWER))
            else:
                self._whole(answer)
        except MalformedStreamError as error:
            self._fail(error)
        return self._taken()

    def _whole(self, answer: _Message) -> None:
        self.model = as_text(answer.model)
        for index, block in enumerate(as_list(answer.content)):
            self._block_starts(index, as_mapping(block))
            self._block_stops(index)
        self._counted(as_mapping(answer.usage))
        self._stopped(as_text(answer.stop_reason))
        self._complete()

    def _take(self, messages: list[tuple[bytes, bytes]]) -> None:
        for _, data in messages:
            if self.done or self.failure is not None:
                return
            if not data:  # a ping of a server in between
                continue
            try:
                self._message(parsed(_message_decoder, data))
            except MalformedStreamError as error:
                self._fail(error)

    def _message(self, message: _Message) -> None:
        index = as_count(message.index) or 0
        match message.type:
            case "content_block_delta":
                if message.delta is not None:
                    self._delta(index, message.delta)
            case "content_block_start":
                self._block_starts(index, as_mapping(message.content_block))
            case "content_block_stop":
                self._block_stops(index)
            case "message_start":
                self._seen = True
                started = as_mapping(message.message)
                self.model = as_text(started.get("model"))
                self._counted(as_mapping(started.get("usage")))
            case "message_delta":
                self._counted(as_mapping(message.usage))
                self._stopped(as_text(message.delta.stop_reason) if message.delta else "")
            case "message_stop":
                self._complete()
            case "error":
                self._fail(reported_error(message.error))

    def _delta(self, index: int, delta: _Delta) -> None:
        if delta.type == "text_delta":
            self._text("text", as_text(delta.text))
        elif delta.type == "thinking_delta":
            self._text("thinking", as_text(delta.thinking))
        elif delta.type == "input_json_delta" and index in self._calls:
            self._calls[index].pieces.append(as_text(delta.partial_json))

    def _block_starts(self, index: int, block: dict[str, Any]) -> None:
        kind = as_text(block.get("type"))
        if kind == "text":
            self._text("text", as_text(block.get("text")))
        elif kind == "thinking":
            self._text("thinking", as_text(block.get("thinking")))
        elif kind in CALL_BLOCKS:
            call = CallInParts(as_text(block.get("id")), as_text(block.get("name")))
            self._calls[index] = call
            self._given[index] = block.get("input")
            self._flush_text()
            self._out.append(call.started())
        elif kind.endswith("_tool_result"):
            self._flush_text()
            self._out.append(_result(block))

    def _block_stops(self, index: int) -> None:
        self._flush_text()
        call = self._calls.pop(index, None)
        if call is not None:
            given = self._given.pop(index, None)
            if given and not any(call.pieces):
                call.pieces = [json.dumps(given)]
            self._out.append(call.complete())

    def _counted(self, usage: dict[str, Any]) -> None:
        """The counts of `message_delta` are those of the whole answer, and replace those of the start."""
        if usage:
            self._counts |= {name: value for name, value in usage.items() if value is not None}
            details = as_mapping(self._counts.get("output_tokens_details"))
            self.usage = Usage(
                as_count(self._counts.get("input_tokens")),
                as_count(self._counts.get("output_tokens")),
                as_count(details.get("thinking_tokens")),
                as_count(self._counts.get("cache_read_input_tokens")),
            )

    def _stopped(self, reason: str) -> None:
        if reason:
            self.finish_reason = FINISH_REASONS.get(reason, reason)

    def _complete(self) -> None:
        for index in list(self._calls):
            self._block_stops(index)
        super()._complete()


def _result(block: dict[str, Any]) -> ToolResult:
    """What a tool on the provider's side gave, without the encrypted copies, which only the provider reads."""
    content = _readable(block.get("content"))
    code = as_text(as_mapping(content).get("error_code"))
    name = as_text(block.get("type")).removesuffix("_tool_result")
    failed = code or ("the tool failed" if block.get("is_error") else "")
    return ToolResult(defined_text(as_text(block.get("tool_use_id"))), defined_text(name), content, joined(failed))


def _readable(value: object) -> object:
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if isinstance(value, dict):
        return {joined(name): _readable(item) for name, item in value.items() if not name.startswith("encrypted_")}
    if isinstance(value, str):
        return joined(value)
    return value
