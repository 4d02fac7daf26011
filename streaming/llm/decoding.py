"""What all decoders of model streams share: pieces of text, calls in parts, one end. Knows no format and no HTTP."""

import json
from abc import ABC, abstractmethod
from typing import Any

import msgspec

from streaming.events import EventData, Metadata, Part, StreamingChunk, SurrogateJoiner, ToolCall, Usage, defined_text
from streaming.llm.errors import DETAIL_BYTES, MalformedStreamError, ModelError, NotAStreamError, StreamCutError

CUT = "The model's answer was cut off before its end."
NO_ANSWER = "The model's server sent no answer. Check its address and kind."
ENDLESS_LINE = "The model's server sent a line without end. Check its address."


class Decoder(ABC):
    """Bytes of a model's answer in, events out; any split of the bytes gives the same events.

    An error does not throw away the events before it: it waits in `failure`, for the caller to
    raise after them. `done` says that the answer is complete, whatever the connection does next,
    `_seen` that there was something of an answer.
    """

    def __init__(self) -> None:
        self.done = False
        self.failure: ModelError | None = None
        self.model = ""
        self.finish_reason = ""
        self.usage: Usage | None = None
        self._out: list[EventData] = []
        self._part: Part = "text"
        self._joiner = SurrogateJoiner()
        self._seen = False
        self._ended = False

    @abstractmethod
    def feed(self, data: bytes) -> list[EventData]:
        """The events that `data` completes."""

    @abstractmethod
    def close(self) -> list[EventData]:
        """The events that the end of the bytes completes; sets `failure` if the answer was cut."""

    @abstractmethod
    def whole(self, body: bytes) -> list[EventData]:
        """The events of an answer that came at once, as one JSON document."""

    def _text(self, part: Part, delta: str) -> None:
        if part != self._part:
            self._flush_text()
            self._part = part
        text = self._joiner.feed(delta)
        if text:
            self._out.append(StreamingChunk(text, part))

    def _flush_text(self) -> None:
        rest = self._joiner.close()
        if rest:
            self._out.append(StreamingChunk(rest, self._part))

    def fail(self, error: ModelError) -> list[EventData]:
        """End the answer with `error`; the events that were waiting come out."""
        self._fail(error)
        return self._taken()

    def _fail(self, error: ModelError) -> None:
        if self.failure is None and not self.done:
            self.failure = error
            self._end()

    def _end(self) -> None:
        """Say what is known about the answer, once."""
        if self._ended:
            return
        self._ended = True
        self._flush_text()
        if self.finish_reason or self.usage is not None:
            model, reason = defined_text(self.model), defined_text(self.finish_reason)
            self._out.append(Metadata(model=model, finish_reason=reason, usage=self.usage))

    def _complete(self) -> None:
        """The answer has come to its end."""
        self._end()
        self.done = True

    def _close(self) -> list[EventData]:
        """The bytes are over, whether or not the answer is."""
        if not self.done and self.failure is None:
            if self.finish_reason:
                self._complete()
            elif self._seen:
                self._fail(StreamCutError(CUT))
            else:
                self._fail(NotAStreamError(NO_ANSWER))
        return self._taken()

    def _bounded(self, *, overlong: bool) -> list[EventData]:
        """What came out of bytes that may be of a line that is too long to be held."""
        if overlong:
            self._fail(MalformedStreamError(ENDLESS_LINE))
        return self._taken()

    def _taken(self) -> list[EventData]:
        out, self._out = self._out, []
        return out


class CallInParts:
    """A tool call whose arguments arrive in pieces."""

    def __init__(self, call_id: str, name: str) -> None:
        self.id = defined_text(call_id)
        self.name = defined_text(name)
        self.pieces: list[str] = []

    def started(self) -> ToolCall:
        """The call as soon as it is known."""
        return ToolCall(self.id, self.name)

    def complete(self) -> ToolCall:
        """The call with all its arguments; none at all are an empty object."""
        return complete_call(self.id, self.name, "".join(self.pieces))


def complete_call(call_id: str, name: str, arguments: object) -> ToolCall:
    """A call whose arguments are all there, as JSON text or as a value."""
    text = arguments if isinstance(arguments, str) else "" if arguments is None else json.dumps(arguments)
    return ToolCall(defined_text(call_id), defined_text(name), joined(text) or "{}", "executing")


def joined(text: str) -> str:
    """`text` with surrogate pairs joined, and NUL and lone halves as U+FFFD."""
    joiner = SurrogateJoiner()
    return joiner.feed(text) + joiner.close()


def as_text(value: object) -> str:
    """`value` if it is text, else nothing: imitators put null, numbers and lists where text belongs."""
    return value if isinstance(value, str) else ""


def as_count(value: object) -> int | None:
    """`value` if it is a count."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def as_mapping(value: object) -> dict[str, Any]:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """`value` if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def parsed[T](decoder: msgspec.json.Decoder[T], data: bytes) -> T:
    """`data` as JSON of the decoder's type, with lone surrogates and bad UTF-8 let through.

    Raises `MalformedStreamError`.
    """
    try:
        return decoder.decode(data)
    except (msgspec.ValidationError, RecursionError) as error:
        raise _malformed(data, error) from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _parsed_leniently(decoder, data)


def _parsed_leniently[T](decoder: msgspec.json.Decoder[T], data: bytes) -> T:
    """Some APIs send a surrogate pair in two deltas, and msgspec refuses the halves."""
    try:
        value = json.loads(data.decode("utf-8", "replace"), strict=False)
        return msgspec.convert(value, decoder.type)
    except (ValueError, RecursionError) as error:  # msgspec's and json's errors are ValueErrors
        raise _malformed(data, error) from error


def _malformed(data: bytes, error: Exception) -> MalformedStreamError:
    start = defined_text(data[:DETAIL_BYTES].decode("utf-8", "replace"))
    return MalformedStreamError(
        "The model's server sent something that is not its format. Check its address and kind, or try again.",
        detail=f"{type(error).__name__} in {start}",
    )
