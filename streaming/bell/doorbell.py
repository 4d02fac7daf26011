"""Ring for a stream, listen to one; hint engines, listen as one. Knows no log and no viewer.

Everything here may be lost, repeated or late: it makes things quick, never right.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from channels.layers import get_channel_layer

from streaming.bell.ear import Ear
from streaming.bell.messages import EngineHint, Ring, hint_from_wire, hint_to_wire, ring_from_wire, ring_to_wire
from streaming.bell.sender import Health, Sender

logger = logging.getLogger(__name__)

ENGINES = "engines"

_sender = Sender()


def ring(ring: Ring) -> None:
    """Tell every listener of the stream, in all processes. From any thread or loop; returns at once, never raises."""
    _tell(f"stream.{ring.stream_id}", ring, ring_to_wire)


def listen(stream_id: int) -> AbstractAsyncContextManager[Ear[Ring]]:
    """The rings of a stream, for `async with … as ear` and `async for ring in ear`."""
    return Ear(get_channel_layer(), f"stream.{stream_id}", read=_ring_of, unsure=Ring(stream_id, "", 0))


def hint_engines(hint: EngineHint) -> None:
    """Tell every engine, in all processes. From any thread or loop; returns at once, never raises."""
    _tell(ENGINES, hint, hint_to_wire)


def listen_for_hints() -> AbstractAsyncContextManager[Ear[EngineHint]]:
    """The hints to engines, in the same way. A claim of no run ("") says only: look for yourself."""
    return Ear(get_channel_layer(), ENGINES, read=_hint_of, unsure=EngineHint("claim", ""))


def health() -> Health:
    """What became of the messages that left this process."""
    return _sender.health


def _tell[T](group: str, value: T, to_wire: Callable[[T], dict[str, Any]]) -> None:
    try:
        layer = get_channel_layer()
        # Asked of the class: channels_redis' layer answers every attribute, and only on a loop.
        if hasattr(type(layer), "group_send_now"):
            layer.group_send_now(group, {"type": "value", "value": value})
            _sender.health.sent += 1
        else:
            _sender.send(layer, group, to_wire(value))
    except Exception:  # a hint must never fail the writer that committed
        _sender.health.failed += 1
        logger.exception("The doorbell failed for %s.", group)


def _ring_of(message: dict[str, Any]) -> Ring:
    return message["value"] if "value" in message else ring_from_wire(message)


def _hint_of(message: dict[str, Any]) -> EngineHint:
    return message["value"] if "value" in message else hint_from_wire(message)
