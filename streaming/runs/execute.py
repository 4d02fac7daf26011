"""Carry one claimed run from its start to its terminal event. Knows agents; knows no lease."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, cast

from django.db import Error
from structlog.contextvars import bind_contextvars

from streaming.agents.protocol import Agent, RunContext
from streaming.errors import StreamingError
from streaming.events import Cancelled, Complete, EventData, Failed, Start
from streaming.models.database import in_database
from streaming.runs.claim import stop_requester
from streaming.runs.ending import STATE_OF, now_ms
from streaming.runs.writer import RunWriter, WriteRefusedError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that a claimed run needs: what to announce, who works, and on what."""

    start: Start
    agent: Agent
    context: RunContext


async def execute(writer: RunWriter, prepare: Callable[[], Awaitable[Prepared]]) -> None:
    """Run the agent that `prepare` gives and write all it says, then exactly one terminal event.

    `ask_to_stop` ends it as cancelled, also while it is being prepared. A plain cancellation (the engine goes
    down) writes nothing: the reaper decides. Raises `WriteRefusedError` when fenced.
    """
    began = time.monotonic()
    bind_contextvars(run=writer.claim.run_id)  # the lines of this task, and of what it calls
    try:
        terminal = await _speak(writer, await prepare())
    except WriteRefusedError:
        raise
    except asyncio.CancelledError:
        by = stopped_by(asyncio.current_task())
        if by is None:
            raise
        _uncancel()
        terminal = Cancelled(by=by or await _asked_by(writer.claim.run_id))
    except StreamingError as error:
        terminal = Failed(error.code, error.message, retryable=error.retryable, detail=error.detail)
    except (Exception, SystemExit):  # an agent's library that exits must not take the engine with it
        logger.exception("agent failed")
        terminal = Failed("internal", "Something in the server failed while this was being written.", retryable=True)
    await _finish(writer, terminal)
    outcome, seconds = STATE_OF[type(terminal)].value, round(time.monotonic() - began, 1)
    logger.info("run ended", extra={"outcome": outcome, "seconds": seconds})


async def _speak(writer: RunWriter, prepared: Prepared) -> EventData:
    bind_contextvars(conversation=prepared.context.conversation_id)
    writer.say(prepared.start)
    stream = cast("Any", prepared.agent.run(prepared.context))
    async with aclosing(stream) as events:
        async for data in events:
            writer.say(data)
            if writer.is_full or writer.refused:
                await writer.written()
    return Complete(finish_reason=writer.answer.finish_reason)


async def _finish(writer: RunWriter, terminal: EventData) -> None:
    if writer.answer.has_begun:
        writer.say(writer.answer.times(now_ms()))
    ending = asyncio.ensure_future(writer.end(terminal))
    while not ending.done():
        # A stop that comes while the end is being written changes nothing: one terminal event.
        with suppress(asyncio.CancelledError):
            await asyncio.wait([ending])
        if (task := asyncio.current_task()) and task.cancelling() and stopped_by(task) is None:
            ending.cancel()
            raise asyncio.CancelledError
        _uncancel()
    ending.result()


async def _asked_by(run_id: str) -> str:
    """Who asked for the stop. A database that is away does not hold up the stop itself."""
    try:
        return await in_database(stop_requester, run_id)
    except Error as error:
        logger.warning("a stop goes without its name", extra={"run": run_id, "error": str(error)})
        return ""


_STOPPED: "dict[asyncio.Task[Any], str]" = {}


def ask_to_stop(task: "asyncio.Task[Any]", *, by: str) -> None:
    """End a run's task as cancelled by `by`. Must be called on the task's loop; repeats change nothing."""
    if task.done() or task in _STOPPED:
        return
    _STOPPED[task] = by
    task.add_done_callback(lambda done: _STOPPED.pop(done, None))
    # A task that is cancelled before its first step never runs, and so would write no end.
    asyncio.get_running_loop().call_soon(task.cancel)


def stopped_by(task: "asyncio.Task[Any] | None") -> str | None:
    """Who asked for the stop of `task`, if somebody did."""
    return _STOPPED.get(task) if task else None


def _uncancel() -> None:
    task = asyncio.current_task()
    while task and task.cancelling():
        task.uncancel()
