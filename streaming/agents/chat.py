"""One chat turn as an agent: the history goes to a model, its answer comes back as events. Knows no run or log."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from streaming.agents.protocol import RunContext
from streaming.events import EventData, Metadata, StreamingChunk
from streaming.llm.provider import Provider
from streaming.llm.request import ChatMessage, ChatRequest
from streaming.llm.retry import Candidate, RetryPolicy, stream_with_retry

CONTINUE = (
    "Your last message was cut off. Go on exactly where it stops, even in the middle of a word, a list or "
    "a code block. Do not repeat any of it, do not apologise, and do not say that you continue."
)


class ChatAgent:
    """Asks `provider`, again with backoff and then `fallback` while no token has arrived.

    An answer is continued by giving the model its unfinished text as the last message, where the
    API goes on from that (`prefills`); elsewhere an instruction to go on follows the unfinished text.
    """

    name = "chat"
    resumable = False

    def __init__(
        self,
        provider: Provider,
        *,
        fallback: Candidate | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        streams: bool = True,
    ) -> None:
        self._provider = provider
        self._fallback = fallback
        self._retry = retry
        self._streams = streams

    async def run(self, context: RunContext) -> AsyncGenerator[EventData]:
        """The model's answer, its last metadata with the times of the whole turn. Raises `ModelError`s."""
        request = ChatRequest(
            context.model, self._messages(context), parameters=context.parameters, stream=self._streams
        )
        candidates = [(self._provider, context.model), *([self._fallback] if self._fallback else [])]
        start = time.monotonic()
        first: int | None = None
        async with aclosing(stream_with_retry(request, candidates, policy=self._retry)) as events:
            async for event in events:
                if isinstance(event, StreamingChunk):
                    first = _ms_since(start) if first is None else first
                elif isinstance(event, Metadata):
                    yield msgspec.structs.replace(event, first_token_ms=first, duration_ms=_ms_since(start), turns=1)
                    continue
                yield event

    def _messages(self, context: RunContext) -> tuple[ChatMessage, ...]:
        if not context.continues_text:
            return context.messages
        begun = ChatMessage("assistant", context.continues_text)
        if self._provider.prefills:
            return (*context.messages, begun)
        return (*context.messages, begun, ChatMessage("user", CONTINUE))


def _ms_since(start: float) -> int:
    return round((time.monotonic() - start) * 1000)
