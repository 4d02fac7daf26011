"""Addresses that stand bare in a text become links, as GitHub's markdown has it. Knows HTML; knows no markdown."""

import re

# What the parser gives: escaped text between tags. An address ends at a space, a tag, a quotation mark, or where
# `<` stood (`@` and a noncharacter, see `markup`).
_PIECE = re.compile(
    r"<(/?)(a|code|pre|span)\b[^>]*>|<[^>]*>|\bhttps?://[A-Za-z0-9\[](?:(?!&(?:quot|lt|gt);|@\ufdd0)[^\s<>\"\ufdd0\ufdd1])*",
    re.IGNORECASE,
)
_TRAILING = re.compile(r"(?:[?!.,:;*_~'’”»]|&#\d+;|&amp;)+$")


def is_possible(text: str) -> bool:
    """Whether an address may be in `text`, or be growing at its end."""
    return "://" in text


def with_links(html: str) -> str:
    """`html` with its bare http and https addresses as links; links, code and everything else stay as they are."""
    inside = 0

    def substitute(match: re.Match[str]) -> str:
        nonlocal inside
        found = match[0]
        if found.startswith("<"):
            if match[2]:
                inside = max(inside + (-1 if match[1] else 1), 0)
            return found
        if inside:
            return found
        address = _without_trailing(found)
        return f'<a href="{address}">{address}</a>{found[len(address) :]}'

    return _PIECE.sub(substitute, html)


def _without_trailing(address: str) -> str:
    """`address` without the punctuation of the sentence around it, nor a bracket that was opened before it."""
    while True:
        shorter = _TRAILING.sub("", address)
        if shorter.endswith(")") and shorter.count(")") > shorter.count("("):
            shorter = shorter[:-1]
        if shorter == address:
            return address
        address = shorter
