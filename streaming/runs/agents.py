"""The agent that a run names, and the queue its runs wait in. Knows no engine."""

import logging
from functools import cache
from importlib import import_module

from django.conf import settings
from django.db import connections

from streaming.agents.benchmark import Benchmark
from streaming.agents.blocking import OnThread
from streaming.agents.chat import ChatAgent
from streaming.agents.protocol import Agent
from streaming.agents.registry import Queue, Registered, register_blocking, registered, registered_names
from streaming.errors import InvalidInputError

logger = logging.getLogger(__name__)

STREAMS: Queue = "streams"
WORK: Queue = "work"
QUEUES: tuple[Queue, ...] = (STREAMS, WORK)


def agent_named(name: str) -> Agent:
    """The agent of that name, ready to run on an event loop. Raises `InvalidInputError`."""
    entry = _entry(name)
    if entry.blocking is not None:
        return OnThread(entry.blocking, leave=connections.close_all)
    assert entry.agent is not None
    return entry.agent


def queue_of(name: str) -> Queue:
    """Where runs of that agent wait. Raises `InvalidInputError`."""
    return _entry(name).queue


def is_resumable(name: str) -> bool:
    """Whether runs of that agent are started again by themselves. No for one that cannot be found or imported here."""
    if name == ChatAgent.name:
        return ChatAgent.resumable
    try:
        entry = _entry(name)
    except Exception:
        logger.exception("an agent cannot be asked whether it is resumable", extra={"agent": name})
        return False
    agent = entry.blocking or entry.agent
    return agent is not None and agent.resumable


def _entry(name: str) -> Registered:
    _load()
    entry = registered(name)
    if entry is None:
        raise InvalidInputError(f"There is no agent named {name!r} here. There are: {', '.join(registered_names())}.")
    return entry


@cache
def _load() -> None:
    register_blocking(Benchmark())
    for module in settings.ENVIRONMENT.agent_modules:
        import_module(module)
