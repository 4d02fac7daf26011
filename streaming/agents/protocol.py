"""What an agent is: something that turns a conversation into events. Knows no model, log or engine."""

from collections.abc import AsyncIterator
from typing import Any, Protocol

import msgspec

from streaming.events import EventData
from streaming.llm.request import ChatMessage, Parameters


class RunContext(msgspec.Struct, frozen=True):
    """What one run works on.

    `messages` is the history, the user's message last. `continues_text` is the text that an
    interrupted run left and this one goes on from ("": begin anew). `arguments` is what a task was
    started with, plain values as JSON has them.
    """

    run_id: str
    conversation_id: str
    messages: tuple[ChatMessage, ...]
    model: str = ""
    parameters: Parameters = Parameters()
    continues_text: str = ""
    arguments: dict[str, Any] = {}


class Agent(Protocol):
    """Work that emits events. Whoever runs it adds `Start` and the one terminal event.

    `resumable` says that `run` may be called again, from its beginning, for a run whose process ended.
    """

    @property
    def name(self) -> str:
        """How people and programs name it."""

    @property
    def resumable(self) -> bool:
        """True if a run whose process ended begins anew by itself; what it had said is superseded, not kept."""

    def run(self, context: RunContext) -> AsyncIterator[EventData]:
        """The events of one run, never `Start` or a terminal. Raises `StreamingError`s.

        The iterator has `aclose` where stopping must let go of something: async generators do.
        """
