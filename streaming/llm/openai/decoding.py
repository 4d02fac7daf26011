"""OpenAI chat completions, and what imitates them, as events. Knows no HTTP.

Format: OpenAI API reference, "Chat completion chunk object"; deviations as recorded from Groq,
OpenRouter, Mistral, DeepSeek, Z.ai, Hugging Face, Snowflake and vLLM.
"""

from typing import Any

import msgspec

from streaming.events import EventData, Usage, defined_text
from streaming.llm.decoding import (
    NO_ANSWER,
    CallInParts,
    as_count,
    as_list,
    as_mapping,
    as_text,
    complete_call,
    parsed,
)
from streaming.llm.errors import MalformedStreamError, ModelError, NotAStreamError
from streaming.llm.failures import reported_error
from streaming.llm.sse_decoding import SseAnswerDecoder

FINISH_REASONS = {
    "function_call": "tool_calls",
    "model_length": "length",  # Mistral
    "max_tokens": "length",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
}


class _Delta(msgspec.Struct):
    content: Any = None
    reasoning_content: Any = None  # DeepSeek, Z.ai, vLLM
    reasoning: Any = None  # OpenRouter, Groq, Ollama
    thinking: Any = None
    reasoning_details: Any = None  # OpenRouter, Snowflake
    refusal: Any = None
    tool_calls: Any = None


class _Choice(msgspec.Struct):
    index: Any = 0
    delta: _Delta | None = None
    message: _Delta | None = None  # instead of `delta` when the answer comes at once
    finish_reason: Any = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    model: Any = None
    usage: Any = None
    x_groq: Any = None
    error: Any = None


_chunk_decoder = msgspec.json.Decoder(_Chunk)
_any_decoder = msgspec.json.Decoder(Any)


class OpenAIDecoder(SseAnswerDecoder):
    """Server-sent events of chat completions in, events out."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: list[CallInParts] = []
        self._at_index: dict[int, CallInParts] = {}
        self._refused = False

    def whole(self, body: bytes) -> list[EventData]:
        try:
            self._chunk(parsed(_chunk_decoder, body))
        except MalformedStreamError as error:
            self._fail(error)
        if self.failure is None:
            if self._seen:
                self._complete()
            else:
                self._fail(NotAStreamError(NO_ANSWER))
        return self._taken()

    def _take(self, messages: list[tuple[bytes, bytes]]) -> None:
        for event, data in messages:
            if self.done or self.failure is not None:
                return
            if data.startswith(b"[DONE]"):
                self._complete()
                return
            try:
                if event == b"error":
                    self._fail(_reported(data))
                elif data:
                    self._chunk(parsed(_chunk_decoder, data))
            except MalformedStreamError as error:
                self._fail(error)

    def _chunk(self, chunk: _Chunk) -> None:
        if chunk.model:
            self.model = as_text(chunk.model) or self.model
        usage = chunk.usage or (as_mapping(chunk.x_groq).get("usage") if chunk.x_groq else None)
        if usage:
            self.usage = _usage(as_mapping(usage))
        for choice in chunk.choices or ():
            if not choice.index:  # further choices are other answers
                self._choice(choice)
        if chunk.error:
            self._fail(reported_error(chunk.error))

    def _choice(self, choice: _Choice) -> None:
        self._seen = True
        delta = choice.delta or choice.message
        if delta is not None:
            self._delta(delta)
        reason = as_text(choice.finish_reason)
        if reason:
            self.finish_reason = FINISH_REASONS.get(reason, reason)

    def _delta(self, delta: _Delta) -> None:
        thinking = delta.reasoning_content or delta.reasoning or delta.thinking
        if thinking:
            self._parts("thinking", thinking)
        elif delta.reasoning_details:
            self._parts("thinking", delta.reasoning_details)
        if delta.content:
            self._parts("text", delta.content)
        if delta.refusal and isinstance(delta.refusal, str):
            self._refused = True
            self._text("text", delta.refusal)
        if delta.tool_calls:
            for call in as_list(delta.tool_calls):
                self._call(as_mapping(call))

    def _parts(self, part: Any, content: object) -> None:
        """Text, or a list of parts with text or thinking in them (Mistral, reasoning_details)."""
        if isinstance(content, str):
            self._text(part, content)
        elif isinstance(content, list):
            for item in content:
                fields = as_mapping(item)
                if fields.get("thinking"):
                    self._parts("thinking", fields["thinking"])
                else:
                    self._parts(part, fields.get("text") or fields.get("summary"))

    def _call(self, fields: dict[str, Any]) -> None:
        function = as_mapping(fields.get("function"))
        name = as_text(function.get("name"))
        call = self._call_at(fields.get("index"), as_text(fields.get("id")), name)
        arguments = function.get("arguments")
        if isinstance(arguments, str):
            call.pieces.append(arguments)
        elif isinstance(arguments, dict):
            call.pieces = [complete_call("", "", arguments).arguments]

    def _call_at(self, index: object, call_id: str, name: str) -> CallInParts:
        """The call that a delta belongs to: by index, else by id, else the last one.

        Gemini's imitation gives every call index 0, so another id begins another call.
        """
        if isinstance(index, int):
            call = self._at_index.get(index)
        elif call_id:
            call = next((known for known in self._calls if known.id == defined_text(call_id)), None)
        else:
            call = None if name or not self._calls else self._calls[-1]
        if call is not None and call_id and name and call.id != defined_text(call_id):
            call = None
        if call is None:
            call = CallInParts(call_id or f"call_{len(self._calls) + 1}", name)
            self._calls.append(call)
            self._flush_text()
            self._out.append(call.started())
        if isinstance(index, int):
            self._at_index[index] = call
        return call

    def _complete(self) -> None:
        self._flush_text()
        self._out.extend(call.complete() for call in self._calls)
        if self._refused:
            self.finish_reason = "refusal"
        super()._complete()


def _usage(fields: dict[str, Any]) -> Usage:
    prompt = as_mapping(fields.get("prompt_tokens_details"))
    completion = as_mapping(fields.get("completion_tokens_details"))
    return Usage(
        as_count(fields.get("prompt_tokens")),
        as_count(fields.get("completion_tokens")),
        as_count(completion.get("reasoning_tokens")),
        as_count(prompt.get("cached_tokens", fields.get("cached_tokens"))),
    )


def _reported(data: bytes) -> ModelError:
    body = parsed(_any_decoder, data)
    return reported_error(as_mapping(body).get("error") or body)
