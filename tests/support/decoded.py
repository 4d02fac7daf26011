"""What a decoder makes of pieces of an answer. Knows no format."""

from streaming.events import EventData
from streaming.llm.decoding import Decoder
from streaming.llm.errors import ModelError


def decoded_by(decoder: Decoder, *pieces: bytes) -> tuple[list[EventData], ModelError | None]:
    """The events, and the error that waits behind them."""
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.close(), decoder.failure


def said_by(decoder: Decoder, *pieces: bytes) -> list[EventData]:
    """The events of an answer without an error."""
    events, failure = decoded_by(decoder, *pieces)
    assert failure is None
    return events
