"""Models from outside: typed requests in, events out. Knows HTTP and the formats of the model APIs; no Django."""

from streaming.llm.connecting import KINDS, Kind, connect
from streaming.llm.discovery import Connection, configured_connections, discover_connections
from streaming.llm.errors import ModelError, ModelTimeoutError, StreamCutError
from streaming.llm.provider import ModelInfo, Provider
from streaming.llm.request import ChatMessage, ChatRequest, Parameters, Tool
from streaming.llm.retry import Candidate, RetryPolicy, stream_with_retry
from streaming.llm.sessions import close_session
from streaming.llm.timeouts import Timeouts

__all__ = [
    "KINDS",
    "Candidate",
    "ChatMessage",
    "ChatRequest",
    "Connection",
    "Kind",
    "ModelError",
    "ModelInfo",
    "ModelTimeoutError",
    "Parameters",
    "Provider",
    "RetryPolicy",
    "StreamCutError",
    "Timeouts",
    "Tool",
    "close_session",
    "configured_connections",
    "connect",
    "discover_connections",
    "stream_with_retry",
]
