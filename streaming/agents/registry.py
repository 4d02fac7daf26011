"""The agents that runs may name, each with the queue it belongs to. Knows no run."""

from dataclasses import dataclass
from typing import Literal

from streaming.agents.blocking import BlockingAgent
from streaming.agents.protocol import Agent

Queue = Literal["streams", "work"]


@dataclass(frozen=True, slots=True)
class Registered:
    """An agent under its name: one for an event loop (`streams`), or one that blocks (`work`)."""

    agent: Agent | None = None
    blocking: BlockingAgent | None = None

    @property
    def queue(self) -> Queue:
        """Where its runs are executed."""
        return "streams" if self.blocking is None else "work"


_registered: dict[str, Registered] = {}


def register(agent: Agent) -> None:
    """Let runs name `agent`, which shares an event loop with hundreds of others: it must not block."""
    _register(agent.name, Registered(agent=agent))


def register_blocking(agent: BlockingAgent) -> None:
    """Let runs name `agent`, which blocks or computes."""
    _register(agent.name, Registered(blocking=agent))


def registered(name: str) -> Registered | None:
    """The agent of that name, None when there is none."""
    return _registered.get(name)


def registered_names() -> list[str]:
    """The names there are, sorted."""
    return sorted(_registered)


def _register(name: str, entry: Registered) -> None:
    if name in _registered and _registered[name] != entry:
        raise ValueError(f"There are two agents named {name!r}. Give one of them another name.")
    _registered[name] = entry
