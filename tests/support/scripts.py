"""What a scripted model does with one request, step by step. Knows no wire format."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Delta:
    """Say `text`, `after` seconds after the step before."""

    text: str
    part: str = "text"
    after: float = 0.0


@dataclass(frozen=True)
class Tool:
    """Ask for a tool, its arguments in the given pieces."""

    name: str
    pieces: tuple[str, ...]
    id: str = "call_1"


@dataclass(frozen=True)
class Wait:
    """Say nothing for some seconds."""

    seconds: float


@dataclass
class Gate:
    """Say nothing until the test opens the gate. `reached` tells the test that the model stands here."""

    opened: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)

    def open(self) -> None:
        self.opened.set()


@dataclass(frozen=True)
class Silence:
    """Never say anything again; only the other side can end it."""


@dataclass(frozen=True)
class Raw:
    """These bytes, as they are."""

    data: bytes


@dataclass(frozen=True)
class Cut:
    """Send `data` and then reset the connection."""

    data: bytes = b""


@dataclass(frozen=True)
class Fail:
    """An error in the middle of the stream, as this API words it."""

    message: str = "The scripted model fell over"


@dataclass(frozen=True)
class EndlessLine:
    """A line that never ends, in pieces, until the other side gives up (or `limit` bytes are out)."""

    limit: int = 64 * 1024 * 1024


Step = Delta | Tool | Wait | Gate | Silence | Raw | Cut | Fail | EndlessLine


@dataclass(frozen=True)
class Script:
    """One answer. `status` other than 200, or a `body`, is answered instead of a stream."""

    steps: Sequence[Step] = ()
    finish: str = "stop"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    body: bytes | None = None
    streams: bool = True  # False: a request with stream=true is refused

    @property
    def text(self) -> str:
        """All text it would say, with surrogate halves still apart."""
        return "".join(step.text for step in self.steps if isinstance(step, Delta) and step.part == "text")


Chooser = Callable[[Any], Script]  # given the exchange, whose number makes answers unique


def spoken(deltas: Sequence[str], *, pause: float = 0.01, part: str = "text") -> list[Delta]:
    """Deltas said at an even pace (seconds between them)."""
    return [Delta(text, part, pause) for text in deltas]


def gated(deltas: Sequence[str], gate: Gate, *, pause: float = 0.01) -> list[Step]:
    """The same, the last quarter of them behind `gate`: however slow the test is, the answer still runs till then."""
    before = len(deltas) * 3 // 4
    return [*spoken(deltas[:before], pause=pause), gate, *spoken(deltas[before:], pause=pause)]


def refusal(status: int, message: str, **headers: str) -> Script:
    """An error answer in JSON, its headers given with underscores."""
    body = f'{{"error": {{"message": "{message}", "type": "scripted"}}}}'.encode()
    return Script(status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})
