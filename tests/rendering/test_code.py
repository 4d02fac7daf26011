"""Code keeps every character, open and closed, highlighted or not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.rendering import MarkdownStream, as_partials
from streaming.rendering.highlighting import LANGUAGES, LONGEST, _lexer, highlight
from tests.support.dom import Page, parse

NASTY = [
    "\tindented\n",
    "a\r\nb\r\n",
    "lone\rreturn\n",
    "trailing   \n",
    "\n\n\n",
    "👩\u200d👩\u200d👧\u200d👦 e\u0301 \u202eright to left\u202c שלום\n",
    "<script>alert('x')</script> & &amp; &lt; <hx-partial></template>\n",
    "\ufdd0\ufdd1\ufdd1a\n",
    "``` not a fence\n",
    "~~~\n",
    "{% raw %} {{ x }}\n",
    "\x0b\x0c\x1b[0m\n",
]


def code_text(page: Page) -> str:
    (code,) = page.root.all("code")
    return code.text


@pytest.mark.parametrize("language", ["", "python", "html", "brainfog", "c++"])
def test_code_keeps_every_character_while_open_and_closed(language: str) -> None:
    stream = MarkdownStream("p")
    stream.feed(f"````{language}\n")
    page = Page("p", stream.html())
    assert code_text(page) == ""
    said = ""
    for line in NASTY:
        for character in line:
            stream.feed(character)
            page.apply(as_partials(stream.patch()))
        said += line
        assert code_text(page) == said
    stream.feed("````\n")
    page.apply(as_partials(stream.patch()))
    assert code_text(page) == said
    stream.close()
    page.apply(as_partials(stream.patch()))
    assert code_text(page) == said


def test_code_header_is_there_before_its_content() -> None:
    stream = MarkdownStream("p")
    stream.feed("```python\n")
    (figure,) = Page("p", stream.html()).root.all("figure")
    assert [element.text for element in figure.all("span")] == ["python"]
    assert [button.text for button in figure.all("button")] == ["Wrap", "Save", "Copy"]


def test_open_code_is_appended_to_and_highlighted_once() -> None:
    stream = MarkdownStream("p")
    stream.feed("```python\n")
    stream.html()
    swaps = []
    for piece in ("x =", " 1\n", "y = 2\n", "```\n", "\nmore"):
        stream.feed(piece)
        swaps.append([(op.target, op.swap) for op in stream.patch()])
    appended = [("p-b1-t", "beforeend")]
    assert swaps == [appended, appended, appended, [("p-b1", "outerHTML")], [("p", "beforeend")]]


def test_nul_is_shown_as_the_replacement_character() -> None:
    stream = MarkdownStream("p")
    stream.feed("```\na\x00b\n")
    assert code_text(Page("p", stream.html())) == "a\ufffdb\n"


@settings(max_examples=150, deadline=None)
@given(
    code=st.text(alphabet="abc \t\n\r\"'#/*\\<>&{}()[]=:;0.é👩\u200d\u202e$@%!-+|`~", max_size=80),
    language=st.sampled_from(sorted(LANGUAGES)),
)
def test_highlighting_keeps_the_text(code: str, language: str) -> None:
    assert parse(highlight(code, language)).text == code


def test_every_language_has_a_lexer() -> None:
    assert [name for name in sorted(LANGUAGES) if _lexer(name) is None] == []


def test_unknown_language_and_long_code_stay_plain() -> None:
    assert highlight("x = 1 < 2", "nosuchlanguage") == "x = 1 &lt; 2"
    assert "<span" not in highlight("x = 1\n" * LONGEST, "python")


def test_highlighting_uses_classes_only() -> None:
    elements = parse(highlight("def f(x):\n    return 'a' + 1  # b\n", "python")).all("span")
    assert elements
    assert {tuple(element.attributes) for element in elements} == {("class",)}
