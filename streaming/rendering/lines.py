"""What one line of markdown begins with, as CommonMark and pulldown-cmark read it. Knows lines, no document."""

import re
from collections.abc import Callable

INDENTED = 4  # columns that make a line code, or protect it from being anything but text

_RULE = re.compile(r"(?:(?:\*[ \t]*){3,}+|(?:-[ \t]*){3,}+|(?:_[ \t]*){3,}+)$")
_HEADING = re.compile(r"(#{1,6})(?:[ \t\x0b\x0c]|$)")
_FENCE = re.compile(r"(`{3,})([^`]*)$|(~{3,})(.*)$")
_SETEXT = re.compile(r"(=+|-+)[ \t\x0b\x0c]*$")
BULLET_OR_NUMBER = re.compile(r"(?:[-+*]|(\d{1,9})[.)])(?=[ \t]|$)")
_FOOTNOTE = re.compile(r"\[\^((?:[^\[\]\\]|\\.){1,999})\]:[ \t]*")
_PIPE = re.compile(r"\\.|(\|)")

# What a line may consist of before it is clear what it begins with: complete marks of containers, then perhaps
# a part of a mark, or a line that is nothing but one. With a line that is undecided all its beginnings are.
_CONTAINERS = r"(?:[ \t\x0b\x0c>]|[-+*][ \t]|\d{1,9}[.)][ \t])*+"
_BEGUN = (
    r"(?:[-+*]|\d{1,9}[.)]?|(?:\*[ \t\x0b\x0c]*)+|(?:_[ \t\x0b\x0c]*)+|=+[ \t\x0b\x0c]*|[-|: \t\x0b\x0c]+"
    r"|#{1,6}[ \t\x0b\x0c]*|`+|~+)?"
)
_ALERT = r"\[![A-Za-z]{0,9}(?:\][ \t]*)?"
_UNDECIDED = re.compile(
    rf"{_CONTAINERS}(?:{_BEGUN}|{_ALERT}|\[(?:\^[^\]]*|[ \t\x0b\x0cxX]?)(?:\](?::?{_CONTAINERS}{_BEGUN}))?)$"
)
_ONLY_MARKERS = re.compile(r"[ \t\x0b\x0c>\-*+_=~`#|:]*$")
_FENCE_LINE = re.compile(rf"{_CONTAINERS}(?:`{{3,}}[^`]*$|(~{{3}}))")
_LONGEST_MARKERS = 1000  # a link label's limit; no other beginning is longer and still open


def is_undecided(line: str, known: int = 0) -> bool:
    """Whether more of the line may change what the line begins with.

    `known` characters of it were found undecided before.
    """
    start = max(known, _LONGEST_MARKERS)
    head = line[:_LONGEST_MARKERS]
    if match := _FENCE_LINE.match(head):
        return match[1] is not None or "`" not in line[start:]
    return (known >= _LONGEST_MARKERS or _UNDECIDED.match(head) is not None) and (
        len(line) <= start or _ONLY_MARKERS.match(line, start) is not None
    )


def is_rule(text: str) -> bool:
    """A thematic break."""
    return _RULE.match(text) is not None


def heading_level(text: str) -> int:
    """1-6 for the beginning of an ATX heading, else 0."""
    match = _HEADING.match(text)
    return len(match[1]) if match else 0


def setext_level(text: str) -> int:
    """1 or 2 for the underline of a heading, else 0."""
    match = _SETEXT.match(text)
    return 0 if match is None else 1 if text[0] == "=" else 2


def fence(text: str) -> tuple[str, str] | None:
    """The fence and the info string of a line that opens a code block."""
    match = _FENCE.match(text)
    if match is None:
        return None
    return (match[1], match[2]) if match[1] else (match[3], match[4])


def closes_fence(text: str, opening: str) -> bool:
    """Whether a line, without its indentation, closes the block that `opening` opened."""
    run = text.rstrip(" ")
    return len(run) >= len(opening) and run == opening[0] * len(run)


def footnote_start(text: str, at: int = 0) -> re.Match[str] | None:
    """The match of `[^label]:`."""
    match = _FOOTNOTE.match(text, at)
    return match if match and match[1].strip() else None


def interrupts(text: str, *, inside: bool, in_table: bool = False) -> bool:
    """Whether `text`, a line without its indentation, ends a paragraph or table before it.

    `inside` is false where the line stands outside the containers that the paragraph is in.
    """
    if not text:
        return True
    first = text[0]
    if first in "*-_+0123456789":
        return is_rule(text) or _list_interrupts(text, any_item=not inside or in_table)
    test = _INTERRUPTING.get(first)
    return test is not None and bool(test(text))


def _list_interrupts(text: str, *, any_item: bool) -> bool:
    """In its own container only an item with text interrupts, and of numbered ones only the first."""
    match = BULLET_OR_NUMBER.match(text)
    if match is None or any_item:
        return match is not None
    return (match[1] is None or int(match[1]) == 1) and bool(text[match.end() :].strip(" \t\x0b\x0c"))


_INTERRUPTING: dict[str, Callable[[str], object]] = {
    ">": lambda _: True,
    "[": footnote_start,
    "#": heading_level,
    "`": fence,
    "~": fence,
}


def alignments(text: str) -> list[str] | None:
    """The columns of a table's delimiter row ("", "left", "right", "center"), or None if it is not one."""
    if "-" not in text or "|" not in text or text.strip(" :|-"):
        return None
    cells = text.strip(" ").removeprefix("|").split("|")
    if not cells[-1].strip():
        cells.pop()
    elif "-" not in cells[-1] and ":" not in cells[-1]:
        return None
    if any("-" not in cell for cell in cells[:-1]) or (text.rstrip(" ").endswith("|") and "-" not in cells[-1]):
        return None
    return [_alignment(cell) for cell in cells]


def columns(header: str) -> int:
    """How many columns a table's header row has; 0 without a pipe."""
    ends = [match.end() for match in _PIPE.finditer(header) if match[1]]
    if not ends:
        return 0
    count = len(ends) - header.lstrip(" \t").startswith("|")
    return count if not header[ends[-1] :].strip() else count + 1


def _alignment(cell: str) -> str:
    cell = cell.strip(" ")
    left, right = cell.startswith(":"), ":" in cell[1:]
    return "center" if left and right else "left" if left else "right" if right else ""
