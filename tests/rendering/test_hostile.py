"""Nothing that a model writes becomes markup of its own: not in one go, not piece by piece."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.rendering import MarkdownStream, as_partials, render_markdown
from tests.support.dom import Element, Page, parse

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<hx-partial hx-target='body' hx-swap='innerHTML'>gone</hx-partial>",
    "<div hx-get='/evil' hx-trigger='load'>",
    "</template></hx-partial><b>",
    "<head><title>x</title></head><body onload=x>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>]]>",
    "<?php echo 1 ?>",
    "<!DOCTYPE html>",
    "<a href='javascript:alert(1)'>x</a>",
    "<style>*{display:none}</style>",
    "<p style='position:fixed' class='message' id='thread'>",
    "<ScRiPt\n>alert(1)</sCrIpT\n>",
    "<<script>alert(1)//<</script>",
    "<http://x.y onclick=alert(1)>",
    'http://x.y/" onclick=alert(1)',
    "http://x.y/<script>alert(1)</script>",
    "http://x.y/@<script>",
    "http://x.y/&quot;onclick=alert(1)&lt;b&gt;",
    "http://x.y'onclick='alert(1)",
    "<x@y.z onclick=alert(1)>",
    "<a\u0000b>",
    "\ufdd0script>",
    "@\ufdd0script>",
    "\ufdd1a\ufdd1b<b>",
    "&lt;script&gt;",
    "&#60;script&#62;",
    "\\<script\\>",
    "$</span><script>alert(1)</script>$",
    "\\(x<img src=x onerror=alert(1)>\\)",
    "$$\n<div hx-get='/evil'>\n$$",
    "$\\href{javascript:alert(1)}{x}$",
    "\ufdd1s $\ufdd1c@\ufdd1s\ufdd1d$",
    "> [!NOTE]\n> <script>alert(1)</script>",
    '```" onclick=alert(1)\n<b>\n```',
]
LINKS = [
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html,<script>)",
    "[x](vbscript:x)",
    "[x](//evil.example)",
    "[x](/logout/)",
    "[x](#thread)",
    "[x](file:///etc/passwd)",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](http://a.b "onmouseover=alert(1) \\" <hx-partial>")',
]
PLACES = [
    "{}",
    "text {} text",
    "- {}\n- b",
    "> {}",
    "# {}",
    "| {} | b |\n|---|---|\n| {} | c |\n",
    "[{}](http://x.y)",
    '[a](http://x.y "{}")',
    "![{}](http://x.y/i.png)",
    "**{}**",
    "1. a\n\n   {}\n",
    "[^1]: {}\n\n[^1]",
    "- [ ] {}",
]
NAMES = {
    *("#root", "p", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote", "ol", "ul", "li", "input", "div", "span"),
    *("table", "thead", "tbody", "tr", "th", "td", "a", "br", "code", "del", "em", "strong", "sup", "pre", "figure"),
    *("figcaption", "button"),
}
ATTRIBUTES = {
    "a": {"href", "title", "target", "rel"},
    "ol": {"start", "id"},
    "input": {"disabled", "type", "checked"},
    "button": {"class", "type", "data-copy", "data-wrap", "data-save", "aria-pressed"},
    "pre": {"class", "tabindex", "role", "aria-label"},
    "div": {"id", "class", "tabindex", "role", "aria-label"},
}


def assert_harmless(root: Element) -> None:
    for element in root.walk():
        assert element.name in NAMES
        if element.name != "#root" and element.attributes.get("id") != "p":
            assert set(element.attributes) <= ATTRIBUTES.get(element.name, {"id", "class", "dir"})
        assert (element.attributes.get("id") or "p").startswith("p")
        if "href" in element.attributes:
            assert (element.attributes["href"] or "").lower().startswith(("http://", "https://", "mailto:"))
            assert element.attributes["rel"] == "noopener nofollow"


def both_ways(text: str) -> Page:
    assert_harmless(parse(render_markdown(text)))
    stream = MarkdownStream("p")
    page = Page("p", stream.html())
    for character in text:
        stream.feed(character)
        frame = as_partials(stream.patch())
        page.apply(frame)
        assert frame.lower().count("<hx-") == frame.count("<hx-partial hx-target=")
        assert "<head" not in frame.lower()
        assert "<script" not in frame.lower()
    stream.close()
    page.apply(as_partials(stream.patch()))
    assert_harmless(page.root)
    return page


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("attack", ATTACKS)
def test_html_in_an_answer_is_text(attack: str, place: str) -> None:
    both_ways(place.replace("{}", attack))


@pytest.mark.parametrize("link", LINKS)
def test_link_leads_to_the_web_or_is_text(link: str) -> None:
    page = both_ways(f"{link}\n\n[y](https://x.y)")
    *refused, kept = page.root.all("a")
    assert kept.attributes["href"] == "https://x.y"
    assert all(each.attributes["href"] == "http://a.b" for each in refused)


def test_refused_link_keeps_its_text_and_marks() -> None:
    source = '[*a*](javascript:x "t>i") b [c](https://x.y) [d](data:x)'
    assert render_markdown(source) == (
        '<p dir="auto"><em>a</em> b <a href="https://x.y" target="_blank" rel="noopener nofollow">c</a> d</p>\n'
    )


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "</div>", "<hx-partial>", "</template>", "<!-- c -->", "a < b > c", "\ufdd0 \ufdd1a"],
)
def test_html_is_shown_letter_by_letter(text: str) -> None:
    assert both_ways(text).root.text == text
    assert both_ways(f"`{text}`").root.text == text
    assert both_ways(f"- {text}").root.text == text


def test_image_is_a_link_with_its_text() -> None:
    (link,) = parse(render_markdown("![a cat](https://x.y/cat.png)")).all("a")
    assert (link.text, link.attributes["href"]) == ("a cat", "https://x.y/cat.png")
    (outer,) = parse(render_markdown("[![a cat](https://x.y/cat.png)](https://z.y)")).all("a")
    assert (outer.text, outer.attributes["href"]) == ("a cat", "https://z.y")


@settings(max_examples=150, deadline=None)
@given(
    text=st.lists(
        st.sampled_from([*ATTACKS, *LINKS, "\n", "\n\n", "- ", "> ", "`", "**", "|", "[", "](", ")", "<"]), max_size=10
    )
)
def test_mixtures_are_harmless(text: list[str]) -> None:
    both_ways("".join(text))
