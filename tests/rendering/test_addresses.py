"""Bare addresses are links, whole and while they are written."""

import pytest

from streaming.rendering import MarkdownStream, as_partials, render_markdown
from tests.support.dom import Page, parse

CASES = [
    ("see https://example.org/a_b?c=d&e=f#g now", ["https://example.org/a_b?c=d&e=f#g"]),
    ("http://localhost:8000/x and HTTPS://EXAMPLE.ORG", ["http://localhost:8000/x", "HTTPS://EXAMPLE.ORG"]),
    ("(https://en.wikipedia.org/wiki/Tree_(graph))", ["https://en.wikipedia.org/wiki/Tree_(graph)"]),
    ("Is it https://example.org/? Yes, https://example.org.", ["https://example.org/", "https://example.org"]),
    ('"https://example.org/q" & more', ["https://example.org/q"]),
    ("**https://example.org**", ["https://example.org"]),
    ("# https://example.org", ["https://example.org"]),
    ("- https://example.org\n- b", ["https://example.org"]),
    ("| a |\n|---|\n| https://example.org |", ["https://example.org"]),
    ("[https://shown.example](https://example.org)", ["https://example.org"]),
    ("<https://example.org>", ["https://example.org"]),
    ("`https://example.org`", []),
    ("```\nhttps://example.org\n```", []),
    ("https:// and ftp://example.org and xhttps://example.org", []),
    ("javascript://example.org/%0aalert(1)", []),
]


@pytest.mark.parametrize(("text", "addresses"), CASES)
def test_bare_addresses_are_links(text: str, addresses: list[str]):
    links = parse(render_markdown(text)).all("a")
    assert [link.attributes["href"] for link in links] == addresses
    assert {link.attributes["rel"] for link in links} <= {"noopener nofollow"}


@pytest.mark.parametrize("text", [text for text, _ in CASES])
def test_an_address_that_grows_character_by_character_is_the_same(text: str):
    stream = MarkdownStream("p")
    page = Page("p", stream.html())
    for character in text:
        stream.feed(character)
        page.apply(as_partials(stream.patch()))
    stream.close()
    page.apply(as_partials(stream.patch()))
    grown = [(link.attributes["href"], link.text) for link in page.root.all("a")]
    assert grown == [(link.attributes["href"], link.text) for link in parse(render_markdown(text)).all("a")]


def test_text_goes_on_after_an_address_without_being_sent_again():
    stream = MarkdownStream("p")
    stream.feed("see https://example.org and")
    stream.html()
    stream.feed(" more")
    [op] = stream.patch()
    assert "example.org" not in op.html
