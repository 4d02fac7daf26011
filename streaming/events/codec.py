"""Events to JSON and back, exactly. Knows no storage and no wire."""

from typing import Any, cast

import msgspec

from streaming.events.data import EventData
from streaming.events.vocabulary import DATA_TYPES, TYPE_OF, StreamingEvent, StreamingEventType

_encoder = msgspec.json.Encoder()
_data_decoders = {kind: msgspec.json.Decoder(data) for kind, data in DATA_TYPES.items()}


class _Envelope(msgspec.Struct):
    type: StreamingEventType
    data: msgspec.Raw
    seq: int = 0
    ts: int = 0
    run_id: str = ""
    attempt: int = 0


_envelope_decoder = msgspec.json.Decoder(_Envelope)


def event_of(data: EventData, *, ts: int = 0, run_id: str = "", attempt: int = 0, seq: int = 0) -> StreamingEvent:
    """The event that carries `data`, with its type filled in."""
    return StreamingEvent(TYPE_OF[type(data)], data, seq, ts, run_id, attempt)


def encode_data(data: EventData) -> str:
    """`data` alone as JSON text, as the log keeps it."""
    return _encoder.encode(data).decode()


def decode_data(kind: str, body: str | bytes) -> EventData:
    """The data of an event of type `kind`. Raises `msgspec.ValidationError` or `ValueError`."""
    return _data_decoders[cast("StreamingEventType", kind)].decode(body)


def encode_event(event: StreamingEvent) -> bytes:
    """`event` with its envelope as UTF-8 JSON: `{type, data, seq, ts, run_id, attempt}`."""
    return _encoder.encode(event)


def decode_event(body: str | bytes) -> StreamingEvent:
    """The event that `encode_event` wrote. Raises `msgspec.ValidationError`."""
    envelope = _envelope_decoder.decode(body)
    data = _data_decoders[envelope.type].decode(envelope.data)
    return StreamingEvent(envelope.type, data, envelope.seq, envelope.ts, envelope.run_id, envelope.attempt)


def event_as_dict(event: StreamingEvent) -> dict[str, Any]:
    """`event` as plain Python values."""
    return cast("dict[str, Any]", msgspec.to_builtins(event))
