"""What works on a run: the protocol of agents, chat turns, and running one without an engine."""

from streaming.agents.chat import ChatAgent
from streaming.agents.failing import failure_of
from streaming.agents.protocol import Agent, RunContext
from streaming.agents.running import Middleware, run_streaming

__all__ = ["Agent", "ChatAgent", "Middleware", "RunContext", "failure_of", "run_streaming"]
