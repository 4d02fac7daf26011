"""Markdown source to sanitised HTML in one go: the only door to pyromark and nh3. Knows no stream and no ids."""

import html as html_entities
import re
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import unquote

import nh3
import pyromark

from streaming.rendering import formulas
from streaming.rendering.addresses import is_possible, with_links
from streaming.rendering.escaping import escape, escape_attribute
from streaming.rendering.highlighting import file_name, highlight
from streaming.rendering.lines import is_rule

OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_MATH
    | pyromark.Options.ENABLE_GFM
)

# GitHub's five, each with the title that stands above it.
ALERTS = {"note": "Note", "tip": "Tip", "important": "Important", "warning": "Warning", "caution": "Caution"}

Resolver = Callable[[str], tuple[str, str] | None]  # a reference's label → (address, title)

# What scrolls by itself can be reached and scrolled with the keyboard, and has a name.
CODE_BODY = '<pre class="code__body" tabindex="0" role="group" aria-label="Code">'
TABLE = 'class="table" tabindex="0" role="group" aria-label="Table"'

CHECKBOX = {
    False: '<input disabled="" type="checkbox">\n',
    True: '<input disabled="" type="checkbox" checked="">\n',
}

# Raw HTML is text here. A `<` that may start a tag becomes punctuation and a noncharacter before the parser
# sees it and `&lt;` when all is done, so that code keeps it exactly, a backslash before it still escapes it,
# and nothing can read it as markup. What stays `<` starts an automatic link, which no tag can look like.
_LESS, _MARK = "@\ufdd0", "\ufdd1"
_TAG = re.compile(r"<(?!https?://|mailto:|[A-Za-z0-9][\w.#$%&'*+=^{|}~-]*@[A-Za-z0-9.-]+>)", re.IGNORECASE)
_NONCHARACTER = re.compile("[\ufdd0\ufdd1]")
_MARKED = re.compile("\ufdd1([ab])")

# Cleaning takes the square of the depth (4,000 quotes in quotes: 44 ms, 100,000: minutes), and browsers stop at
# 512. So a line nests at most this deep; behind that an invisible space keeps marks from being marks.
DEEPEST_LINE = 100
_DEEP = re.compile(
    rf"^((?:[ \t]*(?:>|(?:[-+*]|\d{{1,9}}[.)])(?=[ \t]))){{{DEEPEST_LINE}}}+)([ \t]*)(?=[-+*>\d])(.*)", re.MULTILINE
)

_CODE = re.compile(r'<pre><code(?: class="language-([^"]*)")?>(.*?)</code></pre>', re.DOTALL)
_PLACE = re.compile(r"<pre>(\d+)</pre>")
_LINK_OR_IMAGE = re.compile(r'<a [^>]*>|</a>|<img src="([^"]*)" alt="([^"]*)"((?: title="[^"]*")?) />')
_REFERENCE = re.compile(r'<sup class="footnote-reference"><a href="#([^"]*)">\d+</a></sup>')
_DEFINITION = re.compile(
    r'<div class="footnote-definition" id="([^"]*)"><sup class="footnote-definition-label">\d+</sup>'
)
_ALIGNED = re.compile(r'<(t[hd]) style="text-align: (left|center|right)">')
_ALERT = re.compile(r'<blockquote class="markdown-alert-([a-z]+)">')
_REFUSED = re.compile(r'<a(?: (?!href=)[a-z]+="[^"]*")*>(.*?)</a>', re.DOTALL)
_ADDRESS = re.compile(r'(?<= href=")[^"]*')
_DIRECTED = re.compile(r"<(p|h[1-6]|li)>")

_cleaner = nh3.Cleaner(
    tags={
        *("p", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote", "pre", "ol", "ul", "li", "input", "div"),
        *("table", "thead", "tbody", "tr", "th", "td", "a", "br", "code", "del", "em", "strong", "sup"),
        "span",
    },
    clean_content_tags=set(),
    attributes={"a": {"href", "title"}, "ol": {"start"}, "input": {"disabled", "checked"}},
    tag_attribute_values={"input": {"type": {"checkbox"}}},
    set_tag_attribute_values={"a": {"target": "_blank"}},
    allowed_classes={
        "div": {"footnote"},
        "span": {"math", "math-inline", "math-display"},
        "blockquote": {"alert", *(f"alert--{kind}" for kind in ALERTS)},
        "p": {"alert__title"},
        "sup": {"footnote__label"},
        "td": {"left", "center", "right"},
        "th": {"left", "center", "right"},
    },
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener nofollow",
    url_relative="deny",
)
_plain = pyromark.Markdown(options=OPTIONS)


class Renderer:
    """Renders pieces of one document; `resolve` is asked for references that a piece does not define."""

    def __init__(self, resolve: Resolver | None = None) -> None:
        if resolve is None:
            self._markdown = _plain
            return

        def answer(link: Any) -> tuple[str, str] | None:
            return resolve(link["reference"])

        self._markdown = pyromark.Markdown(options=OPTIONS, broken_link_callback=cast("Any", answer))

    def render(self, source: str, *, highlighted: bool = True) -> str:
        """`source` as safe HTML. Blocks are separated by line feeds."""
        return _finished(self._markdown.html(prepared(source)), highlighted=highlighted)


def definitions(source: str) -> dict[str, tuple[str, str]]:
    """The link definitions in `source`: label → (address, title)."""
    found = pyromark.reference_definitions(prepared(source), options=OPTIONS)
    return {label: (link["dest"], link["title"] or "") for label, link in found.items()}


def language_of(info: str) -> str:
    """The language that a fence's info string names."""
    if info.isalnum():
        return info
    match = _CODE.match(pyromark.html(f"~~~ {prepared(info)}\n~~~\n"))
    return _shown(html_entities.unescape(match[1] or "")) if match else ""


def figure(code: str, language: str, *, id_: str = "", highlighted: bool = True) -> str:
    """A code block. Its header has its place before the first character of content comes."""
    body = highlight(code, language) if highlighted else escape(code)
    block, inner = (f' id="{id_}"', f' id="{id_}-t"') if id_ else ("", "")
    return (
        f'<figure class="code"{block}><figcaption class="code__head">'
        f'<span class="code__language">{escape(language)}</span>'
        '<button class="code__tool" type="button" data-wrap aria-pressed="false">Wrap</button>'
        f'<button class="code__tool" type="button" data-save="{file_name(language)}">Save</button>'
        '<button class="code__tool" type="button" data-copy>Copy</button></figcaption>'
        f"{CODE_BODY}<code{inner}>{body}</code></pre></figure>"
    )


def directed(html: str) -> str:
    """`html` with each block of text finding its own direction."""
    return _DIRECTED.sub(r'<\1 dir="auto">', html)


def prepared(source: str) -> str:
    """`source` without anything that the parser could take for raw HTML, nor nesting without end."""
    if len(source) > DEEPEST_LINE:
        source = _DEEP.sub(_levelled, source)
    if "\ufdd0" in source or "\ufdd1" in source:
        source = _NONCHARACTER.sub(lambda match: _MARK + ("a" if match[0] == "\ufdd0" else "b"), source)
    source = formulas.marked(source)
    return _TAG.sub(_LESS, source) if "<" in source else source


def _levelled(match: re.Match[str]) -> str:
    return match[0] if is_rule(match[0].strip(" \t>")) else f"{match[1]}{match[2]}\u200b{match[3]}"


def _finished(html: str, *, highlighted: bool) -> str:
    codes: list[str] = []
    if "<pre>" in html:
        html = _CODE.sub(lambda match: _put_aside(match, codes, highlighted=highlighted), html)
    html = formulas.shown(html)
    if "<img " in html:
        html = _without_images(html)
    if "footnote-" in html:
        html = _DEFINITION.sub(_footnote_head, _REFERENCE.sub(_footnote_mark, html))
    if "markdown-alert-" in html:
        html = _ALERT.sub(lambda match: alert_head(match[1]), html)
    if "style=" in html:
        html = _ALIGNED.sub(r'<\1 class="\2">', html)
    if is_possible(html):
        html = with_links(html)
    html = _cleaner.clean(html)
    if "<a " in html:  # a link to an address that nobody is led to is its text
        html = _REFUSED.sub(r"\1", html)
    if "<table>" in html:
        html = html.replace("<table>", f"<div {TABLE}><table>").replace("</table>", "</table></div>")
    html = _unmarked(html)
    return _PLACE.sub(lambda match: codes[int(match[1])], html) if codes else html


def _unmarked(html: str) -> str:
    if _LESS in html:
        html = html.replace(_LESS, "&lt;")
    if "@%EF%B7%90" in html:
        html = _ADDRESS.sub(lambda match: match[0].replace("@%EF%B7%90", "%3C"), html)
    if "@%EF%B7%91s" in html:
        html = _ADDRESS.sub(lambda match: match[0].replace("@%EF%B7%91s", "$"), html)
    return _MARKED.sub(_character, html) if _MARK in html else html


def _character(match: re.Match[str]) -> str:
    return "\ufdd0" if match[1] == "a" else "\ufdd1"


def _shown(text: str) -> str:
    return _MARKED.sub(_character, formulas.written(text.replace(_LESS, "<")))


def _put_aside(match: re.Match[str], codes: list[str], *, highlighted: bool) -> str:
    language = _shown(html_entities.unescape(match[1] or ""))
    codes.append(figure(_shown(html_entities.unescape(match[2])), language, highlighted=highlighted))
    return f"<pre>{len(codes) - 1}</pre>"


def _without_images(html: str) -> str:
    """Nothing is loaded from elsewhere: an image is a link with its alternative text, or that text in a link."""
    inside = False

    def substitute(match: re.Match[str]) -> str:
        nonlocal inside
        address, text, title = match[1], match[2], match[3]
        if address is None:
            inside = match[0] != "</a>"
            return match[0]
        text = text or address
        return text if inside or not address else f'<a href="{address}"{title}>{text}</a>'

    return _LINK_OR_IMAGE.sub(substitute, html)


def _footnote_mark(match: re.Match[str]) -> str:
    return footnote_label(unquote(html_entities.unescape(match[1])))


def _footnote_head(match: re.Match[str]) -> str:
    return '<div class="footnote">' + footnote_label(html_entities.unescape(match[1]))


def alert_head(kind: str, id_: str = "") -> str:
    """What an alert begins with: its block, open, and its title. `kind` is one of `ALERTS`."""
    return f'<blockquote class="alert alert--{kind}"{id_}><p class="alert__title">{ALERTS[kind]}</p>'


def footnote_label(label: str) -> str:
    """A footnote's label, as its text and its references show it."""
    return f'<sup class="footnote__label">{escape_attribute(label)}</sup>'
