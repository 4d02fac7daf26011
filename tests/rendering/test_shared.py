"""What is kept for other viewers is bounded by its size."""

import pytest

from streaming.rendering.shared import Shared


def never() -> str:
    raise AssertionError("it was here")


def test_text_is_made_once():
    shared = Shared(100)
    assert shared.get("a", lambda: "x") == "x"
    assert shared.get("a", never) == "x"


def test_what_was_not_asked_for_longest_leaves_first():
    shared = Shared(40)
    for key in "abcd":
        shared.get(key, lambda: "x" * 10)
    shared.get("a", never)
    shared.get("e", lambda: "x" * 10)
    assert shared.size == 40
    assert shared.get("a", never) == "x" * 10
    with pytest.raises(AssertionError):
        shared.get("b", never)


def test_size_is_bounded_whatever_comes():
    shared = Shared(1_000)
    for length in range(500):
        assert len(shared.get(length, lambda length=length: "x" * length)) == length
        assert shared.size <= 1_000


def test_large_text_does_not_drive_out_the_others():
    shared = Shared(40)
    shared.get("a", lambda: "x")
    assert shared.get("b", lambda: "x" * 11) == "x" * 11
    assert shared.get("a", never) == "x"
    assert shared.size == 1
