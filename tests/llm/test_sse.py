"""Server-sent events as the WHATWG specification has them, in any pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.llm.sse import SseDecoder

LINES = [
    b"data: a",
    b"data:b",
    b"data:  c",
    b"data",
    b"event: error",
    b"event:x",
    b": ping",
    b"id: 7",
    b"retry: 3",
    b"",
]
ENDS = [b"\n", b"\r", b"\r\n"]
bodies = st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(ENDS)), max_size=20).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


def decoded(pieces, limit=1000):
    decoder = SseDecoder(limit)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.close(), decoder.overlong


@given(bodies, st.lists(st.integers(0, 80), max_size=8), st.booleans())
def test_sse_is_the_same_for_any_split(body, places, with_mark):
    body = b"\xef\xbb\xbf" + body if with_mark else body
    places = sorted({place for place in places if place < len(body)})
    pieces = [body[a:b] for a, b in zip([0, *places], [*places, len(body)], strict=True)]

    assert decoded(pieces) == decoded([body]) == decoded([body[at : at + 1] for at in range(len(body))])


@given(bodies)
def test_sse_is_the_same_for_any_line_end(body):
    lines = body.splitlines()

    assert len({str(decoded([b"".join(line + end for line in lines)])) for end in ENDS}) == 1


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b"data: a\n\n", [(b"", b"a")]),
        (b"data:a\n\n", [(b"", b"a")]),
        (b"data:  a\n\n", [(b"", b" a")]),
        (b"data: a\ndata: b\n\n", [(b"", b"a\nb")]),
        (b"data:\n\n", [(b"", b"")]),
        (b"event: error\ndata: a\n\ndata: b\n\n", [(b"error", b"a"), (b"", b"b")]),
        (b"event: lost\n\ndata: b\n\n", [(b"", b"b")]),
        (b": ping\n\n: ping\n\ndata: a\n\n", [(b"", b"a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [(b"", b"a")]),
        (b"id: 1\nretry: 2\nunknown: 3\nnothing\ndata: a\n\n", [(b"", b"a")]),
        (b"data: a\n", [(b"", b"a")]),
        (b"data: a", [(b"", b"a")]),
        (b"", []),
        (b"\n\n\n", []),
    ],
)
def test_sse_decodes(body, events):
    assert decoded([body]) == (events, False)


def test_sse_bounds_an_event_of_many_lines():
    events, overlong = decoded([b"data: first\n\n" + b"data: xxxxxxxxxx\n" * 200 + b"\ndata: after\n\n"])

    assert events == [(b"", b"first")]
    assert overlong
