"""The two equations of incremental markdown, over generated markdown and recorded answers."""

import random
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streaming.rendering import MarkdownStream, Op, as_partials, render_markdown
from streaming.rendering.leaves import LONGEST_TAIL
from tests.support.dom import Page, content, parse
from tests.support.markdown_pieces import PIECES, cut
from tests.support.recorded_texts import recorded_texts
from tests.support.recordings import Recording, recordings, required

markdown = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
ANSWERS = [*recordings("openai-chat"), *recordings("anthropic-messages")]


def check(pieces: list[str], *, rest: str = "") -> MarkdownStream:
    """Both equations for a text in these pieces; another process takes a snapshot after each.

    `rest` comes last, and the text ends before anything of it was sent.
    """
    stream = MarkdownStream("p")
    pages = [Page("p", stream.html())]
    so_far = ""
    for piece in pieces:
        stream.feed(piece)
        so_far += piece
        frame = as_partials(stream.patch())
        other = MarkdownStream("p")
        other.feed(so_far)
        fresh = Page("p", other.html())
        for page in pages:
            page.apply(frame)
            assert page.root.shape() == fresh.root.shape()
        pages = [pages[0], fresh]
    stream.feed(rest)
    so_far += rest
    stream.close()
    frame = as_partials(stream.patch())
    for page in pages:
        page.apply(frame)
        assert content(page.root)[2] == content(parse(render_markdown(so_far)))[2]
    assert Page("p", stream.html()).root.shape() == pages[0].root.shape()
    assert stream.patch() == []
    return stream


def ops_of(pieces: list[str]) -> list[list[Op]]:
    stream = MarkdownStream("p")
    result = []
    for piece in pieces:
        stream.feed(piece)
        result.append(stream.patch())
    stream.close()
    return [*result, stream.patch()]


@settings(max_examples=400, deadline=None)
@given(text=markdown, places=st.lists(st.integers(0, 10_000), max_size=12), rest=markdown)
@example(text="- a\n\n- b\n", places=[1, 2, 3, 4], rest="")
@example(text="see [foo]\n\n[foo]: http://x.y\n", places=[3, 8, 12, 20], rest="")
@example(text="a\n------\x0ba", places=[9], rest="")
@example(text="| a |\n|-|\nHello", places=[], rest=" `x`")
@example(text="\\<http://x.y>", places=[3, 9], rest="")
def test_stream_equals_whole_and_any_snapshot(text: str, places: list[int], rest: str) -> None:
    check(cut(text, places), rest=rest)


@settings(max_examples=15, deadline=None)
@given(
    text=st.lists(st.sampled_from([*PIECES, "words " * 60]), min_size=30, max_size=80).map("".join),
    places=st.lists(st.integers(0, 100_000), min_size=5, max_size=12),
)
def test_stream_with_long_blocks_equals_whole_and_any_snapshot(text: str, places: list[int]) -> None:
    check(cut(text.replace("\n", " ") + text, places))


@pytest.mark.parametrize("recording", ANSWERS)
def test_recorded_answers_render_by_blocks(recording: Recording | None) -> None:
    for deltas in recorded_texts(required(recording).body):
        ticks = ["".join(deltas[at : at + 7]) for at in range(0, len(deltas), 7)]
        stream = check(ticks)
        assert stream._whole is None, "the blocks did not add up to the whole"


def test_blocks_hardly_ever_need_the_whole() -> None:
    """The comparison at the end must not be what makes the equations true."""
    chance = random.Random(1)
    replaced = 0
    for _ in range(3_000):
        stream = MarkdownStream("p")
        stream.feed("".join(chance.choice(PIECES) for _ in range(chance.randint(1, 25))))
        stream.close()
        replaced += stream._whole is not None
    # a tab or form feed that ends a heading; an underline's look-alike inside a lazy code span; a formula behind an
    # empty mark, with a list in it, that is never closed
    assert replaced <= 20


@pytest.mark.parametrize("recording", ANSWERS)
def test_closed_block_is_sent_once(recording: Recording | None) -> None:
    for deltas in recorded_texts(required(recording).body):
        shown: list[str] = []
        for ops in ops_of(deltas):
            closed = shown[:-1]
            for op in ops:
                if op.target == "p":
                    shown += [str(child.attributes["id"]) for child in parse(op.html).children]
                    closed = shown[:-1]
                else:
                    top = next(id_ for id_ in reversed(shown) if _number(id_) <= _number(op.target))
                    assert top not in closed, "a closed block was sent again"


def _number(id_: str) -> int:
    match = re.match(r"p-b(\d+)", id_)
    assert match
    return int(match[1])


def test_late_definition_touches_only_what_names_it() -> None:
    stream = MarkdownStream("p")
    stream.feed("one [foo]\n\ntwo\n\nthree [bar]\n\n")
    stream.html()
    stream.feed("[foo]: http://x.y\n\n")
    assert [op.target for op in stream.patch() if op.swap == "outerHTML"] == ["p-b1"]


def test_late_footnote_touches_only_what_names_it() -> None:
    stream = MarkdownStream("p")
    stream.feed("one[^a]\n\ntwo\n\n")
    stream.html()
    stream.feed("[^a]: Because.\n")
    ops = stream.patch()
    assert [(op.target, op.swap) for op in ops] == [("p", "beforeend"), ("p-b1", "outerHTML")]


def test_loosened_list_sends_its_items_again_once() -> None:
    stream = MarkdownStream("p")
    stream.feed("- a\n- b\n")
    stream.html()
    stream.feed("\n- c\n- d")
    assert [(op.target, op.swap) for op in stream.patch()] == [
        ("p-b3", "outerHTML"),
        ("p-b5", "outerHTML"),
        ("p-b1", "beforeend"),
    ]
    stream.feed("\n\n- e")
    assert [op.target for op in stream.patch()] == ["p-b1"]


def test_plain_words_are_appended_only() -> None:
    first, *rest, _ = ops_of(["Some ", "words ", "and ", "more, ", "it's ", "said: ", '"so" '])
    assert [op.swap for op in first] == ["beforeend"]
    assert [op for ops in rest for op in ops] == [
        Op("p-b1", "beforeend", text) for text in (" words", " and", " more,", " it's", " said:", ' "so"')
    ]


@pytest.mark.parametrize("text", ["3.14159265358979", "2026 was a year", "1.5 litres"])
def test_numbers_appear_while_they_are_written(text: str) -> None:
    stream = MarkdownStream("p")
    stream.feed(text)
    assert Page("p", stream.html()).root.text == text


def test_what_may_become_a_mark_is_held_back() -> None:
    stream = MarkdownStream("p")
    stream.feed("Title\n")
    stream.html()
    for piece in ("-", "-", "-"):
        stream.feed(piece)
        assert stream.patch() == []
    stream.feed("\n")
    assert [op.html for op in stream.patch()] == ['<h2 dir="auto" id="p-b1">Title</h2>']


def test_long_paragraph_shows_new_text_at_once() -> None:
    stream = MarkdownStream("p")
    text = "A **bold** word. " * 500
    stream.feed(text)
    page = Page("p", stream.html())
    assert len(text) > 2 * LONGEST_TAIL
    stream.feed("And `this")
    ops = stream.patch()
    assert [op.swap for op in ops] == ["beforeend"]
    page.apply(as_partials(ops))
    assert page.root.text.endswith("And `this")


def test_deep_nesting_stays_bounded_and_right() -> None:
    check(["> " * 60 + "deep\n", "- " * 60 + "deep\n"])


def test_state_does_not_depend_on_the_cutting() -> None:
    text = "# A\n\n- one\n  - two\n\n    ```py\n    x\n    ```\n\n| a |\n|---|\n| b |\n\n> q\nlazy\n\n    code\n"
    whole, single = MarkdownStream("p"), MarkdownStream("p")
    whole.feed(text)
    for character in text:
        single.feed(character)
    assert single.html() == whole.html()
