"""What is a formula and what is a price, alerts, and what code's header offers."""

import pytest

from streaming.rendering import MarkdownStream, render_markdown
from tests.support.dom import Page, parse


def formulas(text: str) -> list[tuple[str, str]]:
    """The kind and the TeX of each formula in the rendering of `text`."""
    found = []
    for span in parse(render_markdown(text)).all("span"):
        classes = str(span.attributes.get("class", "")).split()
        if "math" in classes:
            found.append(("display" if "math-display" in classes else "inline", span.text))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("so $x+1$, and", [("inline", "x+1")]),
        ("so \\(x\\) and \\(n\\)", [("inline", "x"), ("inline", "n")]),
        ("\\[ a < b \\]", [("display", " a < b ")]),
        ("$$e = mc^2$$", [("display", "e = mc^2")]),
        ("| a | b |\n|---|---|\n| $x_1$ | \\(y+1\\) |\n", [("inline", "x_1"), ("inline", "y+1")]),
        ("**$x_1$** *$y*2$*", [("inline", "x_1"), ("inline", "y*2")]),
        ("$a\\$b$", [("inline", "a\\$b")]),
        ("$$\na\n- b\n+ c\n# d\n$$\nafter", [("display", "\na\n- b\n+ c\n# d\n")]),
        ("1. first\n\n   \\[\n   a\n   - b\n   \\]\n2. second", [("display", "\na\n- b\n")]),
        ("\\begin{x}\n\\[\na &= b \\\\[2pt]\n\\]", [("display", "\na &= b \\\\[2pt]\n")]),
    ],
)
def test_formulas(text: str, expected: list[tuple[str, str]]) -> None:
    assert formulas(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "it costs $5 and $10",
        "between $5-$10, or US$7",
        "$ x $",
        "\\$x\\$",
        "`$x$` and `\\(x+1\\)`",
        "set $HOME and $PATH",
        "\\(maybe\\) \\[see\\]",
        "\\\\(x+1\\\\)",
        "$unclosed + 1",
        "$x$2",
        "$a\n\nb$",
        f"$x^{'1' * 5_000}$",
        "```sh\necho $$ $HOME$\n```",
    ],
)
def test_no_formulas(text: str) -> None:
    assert formulas(text) == []
    assert "\ufdd1" not in render_markdown(text)


def test_code_and_text_keep_their_dollars_and_brackets() -> None:
    text = "`\\(a+b\\)` costs $5 \\(maybe\\)\n\n```tex\n\\[ x+1 \\] $y$ $$\n$$\n```\n[a $5](http://x.y/$z) http://x.y/?q=$1\n"
    page = parse(render_markdown(text))
    assert [code.text for code in page.all("code")] == ["\\(a+b\\)", "\\[ x+1 \\] $y$ $$\n$$\n"]
    assert "costs $5 (maybe)" in page.text
    assert [link.attributes["href"] for link in page.all("a")] == ["http://x.y/$z", "http://x.y/?q=$1"]


def test_a_formula_that_is_open_stays_one_paragraph() -> None:
    stream = MarkdownStream("p")
    stream.feed("$$\na\n- b\n")
    page = Page("p", stream.html())
    assert not page.root.all("ul")
    assert "- b" in page.root.text


@pytest.mark.timeout(30)
@pytest.mark.parametrize("text", ["\\[", "$a ", "\n- a", "\\]a"])
def test_hostile_dollars_do_not_cost_the_square_of_their_number(text: str) -> None:
    """50,000 take less than a second; squared they would take minutes."""
    page = parse(render_markdown(f"\\[a= {text * 50_000} \\]"))
    assert "\ufdd1" not in page.text


@pytest.mark.parametrize("kind", ["note", "tip", "important", "warning", "caution"])
def test_alerts(kind: str) -> None:
    [block] = parse(render_markdown(f"> [!{kind.upper()}]\n> Mind **this**.\n")).all("blockquote")
    assert block.attributes["class"] == f"alert alert--{kind}"
    assert [paragraph.text for paragraph in block.all("p")] == [kind.capitalize(), "Mind this."]


def test_an_alert_is_one_from_its_first_frame() -> None:
    stream = MarkdownStream("p")
    for piece in ("> [", "!NO", "TE]"):
        stream.feed(piece)
        assert Page("p", stream.html()).root.text == ""
    stream.feed("\n> so")
    [block] = Page("p", stream.html()).root.all("blockquote")
    assert block.attributes["class"] == "alert alert--note"


@pytest.mark.parametrize("text", ["> [!FOO]\n> x", "> [!NOTE] x", "[!NOTE]\nx", "> x\n> [!NOTE]"])
def test_no_alerts(text: str) -> None:
    assert "alert" not in render_markdown(text)


@pytest.mark.parametrize(
    ("language", "name"),
    [("python", "code.py"), ("JSX", "code.jsx"), ("dockerfile", "Dockerfile"), ('"><b>', "code.txt")],
)
def test_code_is_saved_under_a_name_that_fits(language: str, name: str) -> None:
    buttons = parse(render_markdown(f"```{language}\nx\n```\n")).all("button")
    assert [button.attributes["data-save"] for button in buttons if "data-save" in button.attributes] == [name]
