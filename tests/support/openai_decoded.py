"""Small pieces of OpenAI's format, and what its decoder makes of them."""

import json

from streaming.events import Metadata
from streaming.llm.openai.decoding import OpenAIDecoder
from tests.support.decoded import decoded_by, said_by


def chunk(delta=None, **fields):
    choice = {"index": 0, "delta": delta or {}, "finish_reason": fields.pop("finish_reason", None)}
    return b"data: " + json.dumps({"choices": [choice], **fields}).encode() + b"\n\n"


def decoded(*pieces):
    return decoded_by(OpenAIDecoder(), *pieces)


def said(*pieces):
    return said_by(OpenAIDecoder(), *pieces)


STOP = chunk(finish_reason="stop")
STOPPED = Metadata(finish_reason="stop")
