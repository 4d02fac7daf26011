"""Run an agent without an engine: its events with start, numbers and one end. Knows no log and no database."""

import asyncio
import inspect
import logging
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

import msgspec

from streaming.agents.chat import ChatAgent
from streaming.agents.failing import failure_of
from streaming.agents.protocol import Agent, RunContext
from streaming.agents.stopping import StoppedError, until_stopped
from streaming.errors import StreamingError, StreamInterruptedError
from streaming.events import (
    Cancelled,
    Complete,
    EventData,
    Failed,
    Metadata,
    Start,
    StreamingBuffer,
    StreamingEvent,
    event_of,
)
from streaming.llm import ChatMessage, Parameters, Provider
from streaming.llm.choosing import choose_provider

Prompt = str | Sequence[ChatMessage]
Middleware = Callable[[StreamingEvent], Awaitable[StreamingEvent | None] | StreamingEvent | None]

log = logging.getLogger(__name__)


async def run_streaming(
    prompt: Prompt,
    *,
    model: str = "demo",
    provider: Provider | None = None,
    agent: Agent | None = None,
    parameters: Parameters | None = None,
    middleware: Sequence[Middleware] = (),
    stop: asyncio.Event | None = None,
    raise_errors: bool = False,
    run_id: str = "",
    conversation_id: str = "",
) -> AsyncGenerator[StreamingEvent]:
    """The events of one run: `start`, what the agent says, and exactly one terminal event, numbered from 1.

    Without `agent` it is a chat turn of `provider`; without that, of what the environment configures
    for `model` (`choose_provider`). Each middleware sees every event and returns it, another, or
    `None` to drop it; only the terminal event cannot be dropped. Setting `stop` closes the request
    to the model and ends in `cancelled`. An error is the event `error`; with `raise_errors` it is also
    raised after it, as `StreamInterruptedError` with the partial text if there is some.
    """
    messages = (ChatMessage("user", prompt),) if isinstance(prompt, str) else tuple(prompt)
    run = _Run(RunContext(run_id or uuid.uuid4().hex, conversation_id, messages, model, parameters or Parameters()))
    buffer = StreamingBuffer()
    seq = 0
    async with aclosing(run.told(agent, provider, stop)) as told:
        async for data in told:
            event = event_of(data, ts=_now_ms(), run_id=run.context.run_id, attempt=1, seq=seq + 1)
            passed = await run.passed(event, middleware)
            if passed is None:
                continue
            seq += 1
            buffer.add(passed)
            yield passed
            if passed.is_terminal:
                break
    end = buffer.terminal.data if buffer.terminal else None
    if raise_errors and isinstance(end, Failed):
        raise _raised(run.error, end, buffer.content)


class _Run:
    """What an agent says, between its start and its end."""

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self.error: Exception | None = None

    async def told(
        self, agent: Agent | None, provider: Provider | None, stop: asyncio.Event | None
    ) -> AsyncGenerator[EventData]:
        context = self.context
        try:
            if agent is None:
                provider, name = (provider, context.model) if provider else await choose_provider(context.model)
                agent = ChatAgent(provider)
                context = msgspec.structs.replace(context, model=name)
        except StreamingError as error:
            yield self._start("", "")
            yield self._failed(error)
            return
        yield self._start(agent.name, provider.name if provider else "")
        finish_reason = ""
        try:
            async with aclosing(until_stopped(agent.run(context), stop)) as events:
                async for data in events:
                    if isinstance(data, Metadata):
                        finish_reason = data.finish_reason or finish_reason
                    yield data
        except StoppedError:
            yield Cancelled(by="caller")
        except Exception as error:  # noqa: BLE001 - whatever an agent raises, its run has to end
            yield self._failed(error)
        else:
            yield Complete(finish_reason or "stop")

    async def passed(self, event: StreamingEvent, middleware: Sequence[Middleware]) -> StreamingEvent | None:
        """What the middleware leaves of `event`. A terminal event stays one; an error in a middleware becomes one."""
        current = event
        try:
            for function in middleware:
                result = function(current)
                returned = await result if inspect.isawaitable(result) else result
                if returned is None:
                    return event if event.is_terminal else None
                current = returned
        except Exception as error:  # noqa: BLE001 - a middleware is anybody's code, and the run has to end
            return event_of(self._failed(error), ts=event.ts, run_id=event.run_id, attempt=event.attempt, seq=event.seq)
        return event if event.is_terminal and not current.is_terminal else current

    def _start(self, agent: str, provider: str) -> Start:
        return Start(
            agent=agent,
            model=self.context.model,
            provider=provider,
            parameters=self.context.parameters.as_dict(),
            conversation_id=self.context.conversation_id,
        )

    def _failed(self, error: Exception) -> Failed:
        self.error = error
        if not isinstance(error, StreamingError):
            log.error("an agent or a middleware failed", exc_info=error)
        return failure_of(error)


def _raised(error: Exception | None, failed: Failed, text: str) -> Exception:
    if error is None or (text and not isinstance(error, StreamInterruptedError)):
        interrupted = StreamInterruptedError(failed.message, partial_text=text, detail=failed.detail)
        interrupted.__cause__ = error
        return interrupted
    return error


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
