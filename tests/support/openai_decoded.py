"""Small pieces of OpenAI's format, and what its decoder makes of them."""

import json

from streaming.events import Metadata
from streaming.llm.openai.decoding import OpenAIDecoder


def chunk(delta=None, **fields):
    choice = {"index": 0, "delta": delta or {}, "finish_reason": fields.pop("finish_reason", None)}
    return b"data: " + json.dumps({"choices": [choice], **fields}).encode() + b"\n\n"


def decoded(*pieces):
    decoder = OpenAIDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.close(), decoder.failure


def said(*pieces):
    events, failure = decoded(*pieces)
    assert failure is None
    return events


STOP = chunk(finish_reason="stop")
STOPPED = Metadata(finish_reason="stop")
