"""Streams of model answers that are never lost; as a library, without Django configured.

The names are imported when they are first used, so that a Django app of this package costs no HTTP client.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streaming.agents.running import run_streaming
    from streaming.errors import StreamInterruptedError
    from streaming.events import (
        StreamingBuffer,
        StreamingChunk,
        StreamingCollector,
        StreamingEvent,
        StreamingEventType,
    )

__all__ = [
    "StreamInterruptedError",
    "StreamingBuffer",
    "StreamingChunk",
    "StreamingCollector",
    "StreamingEvent",
    "StreamingEventType",
    "run_streaming",
]

_HOMES = {"run_streaming": "streaming.agents.running", "StreamInterruptedError": "streaming.errors"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "streaming.events")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
