"""What every model API offers the rest of us. Knows no HTTP."""

from collections.abc import AsyncGenerator
from typing import Protocol

import msgspec

from streaming.events import EventData
from streaming.llm.request import ChatRequest


class ModelInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """A model that can be asked for by `id`; `streams` is false where it answers only at once."""

    id: str
    name: str = ""
    context_tokens: int | None = None
    streams: bool = True


class Provider(Protocol):
    """A source of answers, made by `streaming.llm.connect`. May be shared by any number of streams of one loop."""

    @property
    def name(self) -> str:
        """The kind: openai, anthropic, ollama, demo."""

    @property
    def prefills(self) -> bool:
        """True if a last message of the assistant is gone on from, exactly where it ends."""

    def stream(self, request: ChatRequest) -> AsyncGenerator[EventData]:
        """The answer as `StreamingChunk`, `ToolCall`, `ToolResult`, and `Metadata` at its end.

        A tool call comes twice: `started` when its name is known, `executing` with its complete
        arguments. Never yields `Start` or a terminal event. Raises `ModelError`s. Closing the
        iterator, or cancelling the task that waits for it, closes the connection at once.
        """

    async def models(self) -> list[ModelInfo]:
        """The models this API lists. Raises `ModelError`s."""

    async def check(self) -> list[ModelInfo]:
        """Prove that address and key work, without asking a model. Raises a `ModelError` that says what does not."""
