"""What server and page say to each other, as docs/delivery.md has it. Knows no connection and no HTML."""

import msgspec

PROTOCOL = 1


class Hello(msgspec.Struct, tag="hello", frozen=True):
    build: str
    epoch: str
    head: int
    protocol: int = PROTOCOL


class Frame(msgspec.Struct, tag="frame", frozen=True, omit_defaults=True):
    first: int = msgspec.field(name="from")
    seq: int
    cursor: str
    content: str | msgspec.UnsetType = msgspec.UNSET


class Reset(msgspec.Struct, tag="reset", frozen=True):
    reason: str
    seq: int
    cursor: str
    content: str


class Beat(msgspec.Struct, tag="beat", frozen=True):
    head: int


class Paused(msgspec.Struct, tag="paused", frozen=True):
    reason: str


Outgoing = Hello | Frame | Reset | Beat | Paused


class Resume(msgspec.Struct, tag="resume", frozen=True):
    cursor: str = ""


class Ack(msgspec.Struct, tag="ack", frozen=True):
    seq: int


Incoming = Resume | Ack

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Incoming] = msgspec.json.Decoder(Incoming)


def encode_message(message: Outgoing) -> bytes:
    return _encoder.encode(message)


def decode_message(text: str) -> Incoming:
    """What a page said. Raises `msgspec.DecodeError`."""
    return _decoder.decode(text)
