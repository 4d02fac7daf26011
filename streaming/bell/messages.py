"""What travels over a channel layer: rings and hints to engines, and their form on a wire. Knows no layer."""

from typing import Any, Literal, NamedTuple

import msgspec

from streaming.events import StreamingEvent, decode_event, encode_event

# Redis and every listening process pay for each byte; a bigger batch is cheaper to read from the log.
MAX_EVENT_BYTES = 16 * 1024

_events_decoder = msgspec.json.Decoder(list[msgspec.Raw])


class Ring(NamedTuple):
    """The hint that a stream has reached `seq`.

    `events` are those just committed, the last of them number `seq`, or nothing when they are big. An `epoch` of ""
    says only: look for yourself.
    """

    stream_id: int
    epoch: str
    seq: int
    events: tuple[StreamingEvent, ...] = ()


class EngineHint(NamedTuple):
    """Something for engines to look at now: a run to claim, or a stop that was asked for.

    `queue` is the one the run waits in; "" where that is not known, or does not matter.
    """

    kind: Literal["claim", "stop"]
    run_id: str
    queue: str = ""


def ring_to_wire(ring: Ring) -> dict[str, Any]:
    """`ring` as plain values, without its events when they are over 16 KiB."""
    return {"type": "ring", "stream": ring.stream_id, "epoch": ring.epoch, "seq": ring.seq, "events": _packed(ring)}


def ring_from_wire(message: dict[str, Any]) -> Ring:
    """The ring that `ring_to_wire` wrote; of one from another version, as much as can be understood."""
    stream_id, epoch, seq = message["stream"], message["epoch"], message["seq"]
    try:
        raw = _events_decoder.decode(message["events"]) if message["events"] else []
        events = tuple(decode_event(each) for each in raw)
    except (msgspec.MsgspecError, KeyError, ValueError):
        events = ()
    return Ring(stream_id, epoch, seq, events)


def hint_to_wire(hint: EngineHint) -> dict[str, Any]:
    """`hint` as plain values."""
    return {"type": "hint", "kind": hint.kind, "run": hint.run_id, "queue": hint.queue}


def hint_from_wire(message: dict[str, Any]) -> EngineHint:
    """The hint that `hint_to_wire` wrote; an older version named no queue."""
    return EngineHint(message["kind"], message["run"], message.get("queue", ""))


def _packed(ring: Ring) -> bytes:
    parts, size = [], 0
    for event in ring.events:
        parts.append(encode_event(event))
        size += len(parts[-1]) + 1
        if size > MAX_EVENT_BYTES:
            return b""
    return b"[" + b",".join(parts) + b"]" if parts else b""
