"""What a server really sent is told by its first byte."""

import pytest

from streaming.events import Metadata, StreamingChunk
from streaming.llm.errors import MalformedStreamError, NotAStreamError
from streaming.llm.ollama.decoding import OllamaDecoder
from streaming.llm.openai.decoding import OpenAIDecoder
from streaming.llm.sniffing import MAX_DOCUMENT_BYTES, SniffingDecoder

STREAM = b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
DOCUMENT = b'{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}'
LINES = b'{"message":{"content":"a"},"done":true,"done_reason":"stop"}\n'
SAID = [StreamingChunk("a"), Metadata(finish_reason="stop")]


def decoded(decoder, pieces, **options):
    sniffing = SniffingDecoder(decoder, **options)
    events = [event for piece in pieces for event in sniffing.feed(piece)]
    return events + sniffing.close(), decoder.failure


@pytest.mark.parametrize("lead", [b"", b"\n", b"\r\n\r\n", b" \n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("body", [STREAM, DOCUMENT])
def test_sniffing_tells_stream_from_document(lead, body):
    if lead == b" \n" and body is STREAM:
        lead = b"\n"
    whole = lead + body

    assert decoded(OpenAIDecoder(), [whole]) == (SAID, None)
    assert decoded(OpenAIDecoder(), [whole[at : at + 1] for at in range(len(whole))]) == (SAID, None)


def test_sniffing_leaves_json_lines_alone():
    events, failure = decoded(OllamaDecoder(), [LINES], json_lines=True)
    assert (events[0], failure) == (StreamingChunk("a"), None)


@pytest.mark.parametrize("decoder", [OpenAIDecoder, OllamaDecoder])
def test_sniffing_knows_a_web_page(decoder):
    page = b"\n<!DOCTYPE html><title>Sign in</title>"

    events, failure = decoded(decoder(), [page[:5], page[5:]], json_lines=decoder is OllamaDecoder)

    assert (events, type(failure)) == ([], NotAStreamError)
    assert failure.message == "A web page answered instead of a model. Check the address of the model's server."


def test_sniffing_bounds_a_document():
    decoder = OpenAIDecoder()
    sniffing = SniffingDecoder(decoder)
    piece = b'{"a":"' + b"x" * 2**20
    for _ in range(MAX_DOCUMENT_BYTES // 2**20 + 1):
        assert sniffing.feed(piece) == []
    assert type(decoder.failure) is MalformedStreamError
    assert sniffing.close() == []


def test_sniffing_waits_through_blanks_without_keeping_them():
    decoder = OpenAIDecoder()
    sniffing = SniffingDecoder(decoder)
    for _ in range(100):
        sniffing.feed(b" " * 1000)
    assert len(sniffing._blank) <= 64
    assert sniffing.feed(STREAM[:1]) == []
