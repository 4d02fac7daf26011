"""Text that every database, socket and browser can hold."""

from hypothesis import example, given
from hypothesis import strategies as st

from streaming.events import SurrogateJoiner, defined_text

wild = st.text(st.characters() | st.characters(categories=["Cs"]) | st.just("\x00"), max_size=30)
halves = st.text(st.sampled_from("a\ud83d\ude00\ud83c\x00é😀"), max_size=12)


def utf16_units(text):
    """`text` as a JavaScript program would cut it: by UTF-16 units, surrogates apart."""
    data = text.encode("utf-16-le", "surrogatepass")
    return [data[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(data), 2)]


def fed(pieces):
    joiner = SurrogateJoiner()
    return "".join(joiner.feed(piece) for piece in pieces) + joiner.close()


@given(wild | halves, st.data())
def test_joiner_gives_the_same_for_any_split(text, data):
    units = utf16_units(text)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(units)), max_size=6)))
    pieces = ["".join(units[a:b]) for a, b in zip([0, *cuts], [*cuts, len(units)], strict=True)]

    assert fed(pieces) == fed(units) == fed([text])


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_joiner_restores_text_cut_into_utf16_units(text):
    assert fed(utf16_units(text)) == text


@given(wild | halves)
@example("\ud83d")
@example("\ude00\ud83d")
def test_joined_text_is_defined(text):
    joined = fed([text])

    assert "\x00" not in joined
    assert joined.encode().decode() == joined


def test_joiner_replaces_halves_that_never_met():
    assert fed(["a\ud83d", "b"]) == "a\ufffdb"
    assert fed(["a\ude00b"]) == "a\ufffdb"
    assert fed(["a\ud83d"]) == "a\ufffd"
    assert fed(["\ud83d", "", "\ude00"]) == "😀"


def test_joiner_shows_what_is_complete_at_once():
    joiner = SurrogateJoiner()

    assert joiner.feed("ab\ud83d") == "ab"
    assert joiner.feed("\ude00c") == "😀c"
    assert joiner.close() == ""


@given(wild)
def test_defined_text_is_defined_and_keeps_the_rest(text):
    defined = defined_text(text)

    assert len(defined) == len(text)
    assert defined_text(defined) == defined
    assert all(new in {old, "\ufffd"} for old, new in zip(text, defined, strict=True))
    assert defined.encode().decode() == defined
