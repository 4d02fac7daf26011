"""Ollama's chat answers, one JSON object per line, as events. Knows no HTTP.

Format: Ollama API documentation, "Generate a chat completion".
"""

from typing import Any

import msgspec

from streaming.events import EventData, Usage
from streaming.llm.decoding import Decoder, as_count, as_mapping, as_text, complete_call, parsed
from streaming.llm.errors import MalformedStreamError
from streaming.llm.failures import reported_error
from streaming.llm.lines import LineSplitter


class _Said(msgspec.Struct):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[Any] | None = None


class _Line(msgspec.Struct):
    model: str = ""
    message: _Said | None = None
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: Any = None
    eval_count: Any = None
    error: Any = None


_line_decoder = msgspec.json.Decoder(_Line)


class OllamaDecoder(Decoder):
    """Lines of JSON in, events out. An answer that came at once is one such line."""

    def __init__(self) -> None:
        super().__init__()
        self._lines = LineSplitter()
        self._calls = 0

    def feed(self, data: bytes) -> list[EventData]:
        for line in self._lines.feed(data):
            self._line(line)
        return self._bounded(overlong=self._lines.overlong)

    def close(self) -> list[EventData]:
        self._line(self._lines.close())
        return self._close()

    def whole(self, body: bytes) -> list[EventData]:
        return self.feed(body) + self.close()

    def _line(self, line: bytes) -> None:
        if self.done or self.failure is not None or not line.strip():
            return
        try:
            self._said(parsed(_line_decoder, line))
        except MalformedStreamError as error:
            self._fail(error)

    def _said(self, line: _Line) -> None:
        self.model = line.model or self.model
        if line.message is not None:
            self._seen = True
            if line.message.thinking:
                self._text("thinking", line.message.thinking)
            if line.message.content:
                self._text("text", line.message.content)
            for call in line.message.tool_calls or ():
                self._call(as_mapping(call))
        if line.error:
            self._fail(reported_error(line.error))
        elif line.done:
            self._finish(line)

    def _call(self, call: dict[str, Any]) -> None:
        """Ollama sends a call whole; older versions give it no id."""
        self._calls += 1
        function = as_mapping(call.get("function"))
        complete = complete_call(
            as_text(call.get("id")) or f"call_{self._calls}", as_text(function.get("name")), function.get("arguments")
        )
        self._flush_text()
        self._out.append(msgspec.structs.replace(complete, arguments="", status="started"))
        self._out.append(complete)

    def _finish(self, line: _Line) -> None:
        self.finish_reason = "tool_calls" if self._calls and line.done_reason == "stop" else line.done_reason or "stop"
        self.usage = Usage(as_count(line.prompt_eval_count), as_count(line.eval_count))
        self._complete()
