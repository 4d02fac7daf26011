"""What is asked of a model: messages, parameters, tools. Knows no provider and no wire."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from streaming.errors import InvalidInputError
from streaming.events import ToolCall, defined_text

Role = Literal["system", "user", "assistant", "tool"]

MAX_STOPS = 16  # far above what the model APIs take (4 to 16); a bound for what is stored


def _in_range(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:  # also refuses NaN
        raise InvalidInputError(f"{name} must be between {low} and {high}; {value} is not.")


class ChatMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message of the history. A `tool` message answers the call `tool_call_id`."""

    role: Role
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""

    def __post_init__(self) -> None:
        if not self.text.isascii() or "\x00" in self.text:
            msgspec.structs.force_setattr(self, "text", defined_text(self.text))


class Tool(msgspec.Struct, frozen=True, omit_defaults=True):
    """A function the model may ask for; `parameters` is its JSON schema."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}


class Parameters(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How to generate; `None` leaves it to the model. Raises `InvalidInputError` for values out of range."""

    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _in_range("temperature", self.temperature, 0, 2)
        _in_range("max_tokens", self.max_tokens, 1, 10_000_000)
        _in_range("top_p", self.top_p, 0, 1)
        _in_range("frequency_penalty", self.frequency_penalty, -2, 2)
        _in_range("presence_penalty", self.presence_penalty, -2, 2)
        if len(self.stop) > MAX_STOPS or not all(self.stop):
            raise InvalidInputError(f"stop takes up to {MAX_STOPS} texts, none of them empty.")
        msgspec.structs.force_setattr(self, "stop", tuple(map(defined_text, self.stop)))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Parameters":
        """Parameters from plain values such as JSON; a single stop text may stand alone."""
        given = {name: value for name, value in values.items() if value is not None}
        if isinstance(given.get("stop"), str):
            given["stop"] = (given["stop"],)
        try:
            return msgspec.convert(given, cls)
        except msgspec.ValidationError as error:
            raise InvalidInputError(f"These parameters cannot be used: {error}.") from error

    def as_dict(self) -> dict[str, Any]:
        """The parameters that are set, as JSON has them."""
        values = msgspec.structs.asdict(self)
        return {
            name: list(value) if name == "stop" else value for name, value in values.items() if value not in {None, ()}
        }


class ChatRequest(msgspec.Struct, frozen=True):
    """One request to one model. `stream=False` is for models that cannot stream: they answer at once."""

    model: str
    messages: tuple[ChatMessage, ...]
    parameters: Parameters = Parameters()
    tools: tuple[Tool, ...] = ()
    stream: bool = True

    def __post_init__(self) -> None:
        if not self.messages:
            raise InvalidInputError("There is nothing to answer: the request has no message.")

    @property
    def prompt(self) -> str:
        """The text of the last message of the user."""
        return next((message.text for message in reversed(self.messages) if message.role == "user"), "")
