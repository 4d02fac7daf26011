"""From a claimed row to something that can be executed. Asks no model."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator

from streaming.agents.chat import ChatAgent
from streaming.agents.protocol import RunContext
from streaming.errors import StreamingError
from streaming.events import EventData, Start
from streaming.llm.request import Parameters
from streaming.models import Person, Run
from streaming.models.database import AWAY, in_database
from streaming.runs.agents import agent_named
from streaming.runs.catalog import check_permitted, model_name
from streaming.runs.connections import provider_for
from streaming.runs.execute import Prepared
from streaming.runs.group import GIVE_UP_SECONDS
from streaming.runs.history import history_of
from streaming.runs.writer import WriteRefusedError

logger = logging.getLogger(__name__)

RETRY_SECONDS = 0.5

# Plain SQL, as a reader waits: docs/decisions/0010
_RUN = "SELECT * FROM streaming_run WHERE id = %s"
_OWNER = "SELECT id, is_active, is_staff FROM streaming_person WHERE id = %s"


class UnableAgent:
    """Stands in where a run cannot even begin, so that it ends like every other: with its error in the log."""

    name = "chat"
    resumable = False

    def __init__(self, error: StreamingError) -> None:
        self._error = error

    async def run(self, context: RunContext) -> AsyncGenerator[EventData]:
        """Raises what went wrong."""
        if context.run_id:
            raise self._error
        yield Start()


def prepare_run(run_id: str) -> Prepared:
    """The agent for a claimed run, its history, and the `start` that announces it."""
    run = Run.objects.raw(_RUN, [run_id])[0]
    run.owner = Person.objects.raw(_OWNER, [run.owner_id])[0]
    try:
        return _chat(run) if run.agent == ChatAgent.name else _task(run)
    except StreamingError as error:
        context = RunContext(run.pk, run.conversation_id or "", (), model_name(run.model))
        return Prepared(_start(run, context), UnableAgent(error), context)


def _chat(run: Run) -> Prepared:
    check_permitted(run.owner, run.model)
    messages, continues_text = history_of(run)
    provider, model, streams = provider_for(run.model)
    parameters = Parameters.of(run.parameters)
    context = RunContext(run.pk, run.conversation_id or "", messages, model, parameters, continues_text)
    return Prepared(_start(run, context, provider.name), ChatAgent(provider, streams=streams), context)


def _task(run: Run) -> Prepared:
    context = RunContext(run.pk, run.conversation_id or "", (), model_name(run.model), arguments=run.parameters)
    return Prepared(_start(run, context), agent_named(run.agent), context)


def _start(run: Run, context: RunContext, provider: str = "") -> Start:
    return Start(
        agent=run.agent,
        model=context.model,
        provider=provider,
        parameters=run.parameters,
        conversation_id=run.conversation_id or "",
        message_id=run.message_id or "",
        continues=run.continues_id or "",
    )


async def prepare_patiently(run_id: str) -> Prepared:
    """`prepare_run` on a database thread, again while the database is away. Raises `WriteRefusedError` in the end."""
    until = time.monotonic() + GIVE_UP_SECONDS
    while True:
        try:
            return await in_database(prepare_run, run_id)
        except AWAY as error:
            logger.warning("database is away", extra={"run": run_id, "error": str(error)})
            if time.monotonic() > until:
                raise WriteRefusedError("The database was away for too long.") from error
        await asyncio.sleep(RETRY_SECONDS)
