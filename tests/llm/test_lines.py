"""Lines come out the same however the bytes arrive."""

from hypothesis import given
from hypothesis import strategies as st

from streaming.llm.lines import LineSplitter

awkward = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b"bc", b"data: 1", "é".encode()]), max_size=20).map(
    b"".join
)


def split(pieces, limit=1000):
    splitter = LineSplitter(limit)
    lines = [line for piece in pieces for line in splitter.feed(piece)]
    return lines, splitter.close(), splitter.overlong


def cut(body, places):
    places = sorted({place for place in places if place < len(body)})
    return [body[a:b] for a, b in zip([0, *places], [*places, len(body)], strict=True)]


@given(awkward, st.lists(st.integers(0, 60), max_size=8), st.integers(1, 12))
def test_lines_are_the_same_for_any_split(body, places, limit):
    lines, rest, overlong = split(cut(body, places), limit)
    whole, whole_rest, whole_overlong = split([body], limit)

    assert (lines, overlong) == (whole, whole_overlong)
    assert overlong or rest == whole_rest


@given(awkward)
def test_lines_end_where_python_says(body):
    lines, rest, _ = split([body[at : at + 1] for at in range(len(body))])

    assert lines + ([rest] if rest else []) == body.splitlines()


def test_lines_end_with_a_cr_at_once():
    splitter = LineSplitter()

    assert splitter.feed(b"a\r") == [b"a"]
    assert splitter.feed(b"\nb\n") == [b"b"]
    assert splitter.feed(b"\r") == [b""]
    assert splitter.feed(b"") == []
    assert splitter.feed(b"\n") == []
    assert splitter.feed(b"\n") == [b""]


def test_lines_stop_at_one_that_is_too_long():
    for pieces in (
        [b"ok\n12345\nno\n"],
        [b"ok\n123", b"45", b"\nno\n"],
        [b"ok\n12345"],
        [b"ok\n1234567890", b"1\nno\n"],
    ):
        assert split(pieces, limit=4) == ([b"ok"], b"", True)
    assert split([b"ok\n1234\n"], limit=4) == ([b"ok", b"1234"], b"", False)


def test_endless_line_holds_no_more_than_its_limit():
    splitter = LineSplitter(limit=1000)
    for _ in range(100):
        assert splitter.feed(b"x" * 100) == []
    assert splitter.overlong
    assert splitter._held == []
