"""The demo model as a provider. Knows no network and no key."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from streaming.events import EventData, Metadata, Part, StreamingChunk, Usage
from streaming.llm.demo.answer import answer, thinking, tokens
from streaming.llm.demo.counting import CountingOrder, counted, counting_order
from streaming.llm.demo.pacing import at_rate
from streaming.llm.errors import ModelFailedError, UnknownModelError
from streaming.llm.provider import ModelInfo
from streaming.llm.request import ChatMessage, ChatRequest

MODEL = "demo"
TOKENS_PER_SECOND = 60.0  # what hosted models of 2026 send
FAILURE = "The demo failed, as it was asked to."

Delta = tuple[Part, str]


class DemoProvider:
    """Streams a set piece about itself, or counts where the prompt asks for it (`counting`).

    The same conversation gives the same answer, and a last message of the assistant is gone on from.
    """

    name = "demo"
    prefills = True

    def __init__(self, *, tokens_per_second: float = TOKENS_PER_SECOND) -> None:
        self._rate = tokens_per_second

    async def stream(self, request: ChatRequest) -> AsyncGenerator[EventData]:
        """The answer at its pace. Raises `UnknownModelError`, and `ModelFailedError` where the prompt asks for it."""
        if request.model not in {MODEL, ""}:
            raise UnknownModelError(f"The demo has one model, {MODEL}; it does not know {request.model}.")
        before, begun = _split(request.messages)
        order = counting_order(request.prompt)
        deltas = _remaining(_counting(order) if order else _set_piece(before), begun)
        limit = request.parameters.max_tokens
        sent = 0
        said: list[str] = []
        reason = "stop"
        rate, after = (order.rate, order.after) if order else (self._rate, 0.0)
        async with aclosing(at_rate(deltas, per_second=rate, after_seconds=after)) as paced:
            async for part, delta in paced:
                if order and order.fail is not None and sent >= order.fail:
                    raise ModelFailedError(FAILURE, partial_text="".join(said))
                if limit is not None and sent >= limit:
                    reason = "length"
                    break
                sent += 1
                if part == "text":
                    said.append(delta)
                yield StreamingChunk(delta, part)
        yield Metadata(MODEL, reason, Usage(_counted_input(request.messages), sent))

    async def models(self) -> list[ModelInfo]:
        """The one model."""
        return [ModelInfo(MODEL, "Demo")]

    async def check(self) -> list[ModelInfo]:
        """Works always."""
        return await self.models()


def _split(messages: tuple[ChatMessage, ...]) -> tuple[tuple[ChatMessage, ...], str]:
    """The conversation up to the question, and what of the answer is there already."""
    last = messages[-1]
    return (messages[:-1], last.text) if last.role == "assistant" else (messages, "")


def _counting(order: CountingOrder) -> Iterator[Delta]:
    return (("text", token) for token in counted(order))


def _set_piece(messages: tuple[ChatMessage, ...]) -> Iterator[Delta]:
    for token in tokens(thinking(messages)):
        yield "thinking", token
    for token in tokens(answer(messages)):
        yield "text", token


def _remaining(deltas: Iterator[Delta], begun: str) -> Iterator[Delta]:
    """`deltas` without the text that was said before; all of them if it was something else."""
    if not begun:
        yield from deltas
        return
    held: list[Delta] = []
    text = ""
    for part, delta in deltas:
        held.append((part, delta))
        if part == "text":
            text += delta
        if len(text) >= len(begun) or not begun.startswith(text):
            break
    if text.startswith(begun):
        if len(text) > len(begun):
            yield "text", text[len(begun) :]
    else:
        yield from held
    yield from deltas


def _counted_input(messages: tuple[ChatMessage, ...]) -> int:
    return sum(1 for message in messages for _ in tokens(message.text))
