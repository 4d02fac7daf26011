"""How three model APIs write what a script says. Knows nothing of how the product reads it."""

import json
from collections.abc import Iterator
from typing import Any

from tests.support.scripts import Delta, Tool

USAGE = {"input": 11, "output": 22}


class OpenAI:
    """Chat completions as server-sent events. `ensure_ascii` writes surrogate halves as escapes."""

    content_type = "text/event-stream"

    def __init__(self, request: dict[str, Any]) -> None:
        self.model = request.get("model", "")
        self.usage = bool((request.get("stream_options") or {}).get("include_usage"))

    def head(self) -> bytes:
        return self._chunk({"role": "assistant", "content": ""})

    def delta(self, step: Delta) -> bytes:
        return self._chunk({"reasoning_content" if step.part == "thinking" else "content": step.text})

    def tool(self, step: Tool) -> Iterator[bytes]:
        first = {"index": 0, "id": step.id, "type": "function", "function": {"name": step.name, "arguments": ""}}
        yield self._chunk({"tool_calls": [first]})
        for piece in step.pieces:
            yield self._chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})

    def error(self, message: str) -> bytes:
        return _data({"error": {"message": message, "type": "server_error", "code": 500}})

    def tail(self, finish: str) -> bytes:
        end = self._chunk({}, finish)
        if self.usage:
            end += _data({**self._envelope(), "choices": [], "usage": _openai_usage()})
        return end + b"data: [DONE]\n\n"

    def whole(self, text: str, thinking: str, finish: str) -> bytes:
        message = {"role": "assistant", "content": text} | ({"reasoning_content": thinking} if thinking else {})
        choice = {"index": 0, "message": message, "finish_reason": finish}
        body = {**self._envelope(), "object": "chat.completion", "choices": [choice], "usage": _openai_usage()}
        return json.dumps(body).encode()

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        return _data({**self._envelope(), "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    def _envelope(self) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": self.model}


class Anthropic:
    """Messages as named server-sent events."""

    content_type = "text/event-stream"

    def __init__(self, request: dict[str, Any]) -> None:
        self.model = request.get("model", "")
        self._index = -1
        self._open = ""

    def head(self) -> bytes:
        message = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [],
            "stop_reason": None,
            "usage": {"input_tokens": USAGE["input"], "output_tokens": 1},
        }
        return self._event("message_start", message=message) + self._event("ping")

    def delta(self, step: Delta) -> bytes:
        if step.part == "thinking":
            block, delta = {"type": "thinking", "thinking": ""}, {"type": "thinking_delta", "thinking": step.text}
        else:
            block, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": step.text}
        return self._in_block(block) + self._event("content_block_delta", index=self._index, delta=delta)

    def tool(self, step: Tool) -> Iterator[bytes]:
        yield self._in_block({"type": "tool_use", "id": step.id, "name": step.name, "input": {}})
        for piece in step.pieces:
            delta = {"type": "input_json_delta", "partial_json": piece}
            yield self._event("content_block_delta", index=self._index, delta=delta)

    def error(self, message: str) -> bytes:
        return self._event("error", error={"type": "overloaded_error", "message": message})

    def tail(self, finish: str) -> bytes:
        reason = {"stop": "end_turn", "length": "max_tokens"}.get(finish, finish)
        delta = {"stop_reason": reason, "stop_sequence": None}
        return (
            self._close_block()
            + self._event("message_delta", delta=delta, usage={"output_tokens": USAGE["output"]})
            + self._event("message_stop")
        )

    def whole(self, text: str, thinking: str, finish: str) -> bytes:
        content = [{"type": "thinking", "thinking": thinking}] if thinking else []
        body = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [*content, {"type": "text", "text": text}],
            "stop_reason": "end_turn" if finish == "stop" else finish,
            "usage": {"input_tokens": USAGE["input"], "output_tokens": USAGE["output"]},
        }
        return json.dumps(body).encode()

    def _in_block(self, block: dict[str, Any]) -> bytes:
        if self._open == block["type"]:
            return b""
        closed = self._close_block()
        self._index += 1
        self._open = block["type"]
        return closed + self._event("content_block_start", index=self._index, content_block=block)

    def _close_block(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        return self._event("content_block_stop", index=self._index)

    def _event(self, kind: str, **fields: Any) -> bytes:
        return f"event: {kind}\n".encode() + _data({"type": kind, **fields})


class Ollama:
    """`/api/chat`: one JSON object a line."""

    content_type = "application/x-ndjson"

    def __init__(self, request: dict[str, Any]) -> None:
        self.model = request.get("model", "")

    def head(self) -> bytes:
        return b""

    def delta(self, step: Delta) -> bytes:
        key = "thinking" if step.part == "thinking" else "content"
        return self._line({"role": "assistant", "content": "", key: step.text})

    def tool(self, step: Tool) -> Iterator[bytes]:
        function = {"name": step.name, "arguments": json.loads("".join(step.pieces))}
        yield self._line({"role": "assistant", "content": "", "tool_calls": [{"function": function}]})

    def error(self, message: str) -> bytes:
        return json.dumps({"error": message}).encode() + b"\n"

    def tail(self, finish: str) -> bytes:
        return self._line({"role": "assistant", "content": ""}, done=True, done_reason=finish, **_ollama_counts())

    def whole(self, text: str, thinking: str, finish: str) -> bytes:
        message = {"role": "assistant", "content": text} | ({"thinking": thinking} if thinking else {})
        return self._line(message, done=True, done_reason=finish, **_ollama_counts())

    def _line(self, message: dict[str, Any], *, done: bool = False, **more: Any) -> bytes:
        body = {"model": self.model, "created_at": "2026-11-20T10:00:00Z", "message": message, "done": done, **more}
        return json.dumps(body).encode() + b"\n"


Wire = OpenAI | Anthropic | Ollama


def _data(body: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def _openai_usage() -> dict[str, int]:
    total = USAGE["input"] + USAGE["output"]
    return {"prompt_tokens": USAGE["input"], "completion_tokens": USAGE["output"], "total_tokens": total}


def _ollama_counts() -> dict[str, int]:
    return {"prompt_eval_count": USAGE["input"], "eval_count": USAGE["output"], "total_duration": 1_000_000_000}
