"""The doorbell: hints that a stream has grown or an engine should look. The only door to channel layers."""

from streaming.bell.doorbell import health, hint_engines, listen, listen_for_hints, ring
from streaming.bell.ear import Ear
from streaming.bell.messages import EngineHint, Ring
from streaming.bell.probe import hear_yourself
from streaming.bell.sender import Health

__all__ = [
    "Ear",
    "EngineHint",
    "Health",
    "Ring",
    "health",
    "hear_yourself",
    "hint_engines",
    "listen",
    "listen_for_hints",
    "ring",
]
