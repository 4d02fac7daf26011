"""Which dollars and backslashed brackets in markdown are formulas, so that prices stay prices. Knows no parser.

`marked` rewrites a source so that pulldown-cmark's own rule, any `$…$`, finds exactly those; `shown` and `written`
undo what it did, in text and in code. The rules for `$` are Pandoc's, stricter about digits and words.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

LONGEST = 4_000  # characters; what is longer is no formula that anybody could read

_TOKEN = re.compile(r"\\[\\$]|\$\$?|\\[()\[\]]|(?:^|\n)[ \t>]*(?:`{3}|~{3}|(?=\n)|(?:[-+*]|\d{1,9}[.)])(?=\s))")
_CLOSER = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]"}
_DISPLAY = ("$$", r"\[")
_MATHLIKE = re.compile(r"[\\^_=+<>{}|*/\n]")
_WORDLIKE = re.compile(r"[A-Za-z0-9]")
_SHORT = 2  # `\(n\)` is a formula, `\(maybe\)` is not
# A formula in lines of its own: it begins a paragraph, and its lines are text whatever they begin with.
_MARKERS = r"[ \t]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)"
_BEFORE_BLOCK = re.compile(rf"(?:^|\n[ \t]*\n)({_MARKERS}*|[ \t]*)$|\n({_MARKERS}+)$")
_LONGEST_MARKERS = 200
_OPEN_BLOCK = re.compile(r"[ \t]*(\$\$|\\\[)")
_STRUCTURE = re.compile(r"[ \t]*(?:>|`{3}|~{3}|$)")
_ITEM = ("-", "+", "*", ".", ")")
_INDENTED_LINE = re.compile(r"\n[ \t]*")

# U+FDD1 and a letter: the source has none of its own by then (streaming.rendering.markup). Beside `$` stands what
# keeps it from being text; `@` where a dollar stood keeps a punctuation mark there, as emphasis looks at neighbours.
_NO_FORMULA, _LINE = "@\ufdd1s", "\ufdd1n"
_OPENS = {r"\(": "$\ufdd1c", r"\[": "$$\ufdd1e"}
_CLOSES = {r"\(": "\ufdd1d$", r"\[": "\ufdd1f$$"}
_MARKS = re.compile("@\ufdd1s|\\$\ufdd1c|\ufdd1d\\$|\\$\\$\ufdd1e|\ufdd1f\\$\\$|\ufdd1n")
_TEXT = {_NO_FORMULA: "$", "$\ufdd1c": "(", "\ufdd1d$": ")", "$$\ufdd1e": "[", "\ufdd1f$$": "]", _LINE: "\n"}
_CODE = {**_TEXT, "$\ufdd1c": r"\(", "\ufdd1d$": r"\)", "$$\ufdd1e": r"\[", "\ufdd1f$$": r"\]"}
_INSIDE = re.compile("\ufdd1[cdef]")
_CODE_SPAN = re.compile(r"<code>[^<]*</code>")
_SPAN = re.compile(r'<span class="math math-(?:inline|display)">([^<]*)</span>')


class _Formula(NamedTuple):
    start: int
    end: int
    kind: str


def marked(source: str) -> str:
    """`source` where `$` stands around formulas only."""
    if "$" not in source and r"\(" not in source and r"\[" not in source:
        return source
    pieces: list[str] = []
    at = 0
    for formula in _formulas(source):
        pieces += [_without(source[at : formula.start]), _rewritten(source, formula)]
        at = formula.end
    pieces.append(_without(source[at:]))
    return "".join(pieces)


def shown(html: str) -> str:
    """Rendered text, in which no block of code is, as a reader sees it; a formula keeps its TeX."""
    if "\ufdd1" not in html:
        return html
    html = _CODE_SPAN.sub(lambda match: written(match[0]), html)
    html = _SPAN.sub(lambda match: _INSIDE.sub("", match[0]).replace(_LINE, "\n"), html)
    return _MARKS.sub(lambda match: _TEXT[match[0]], html)


def written(code: str) -> str:
    """Code as it was written."""
    return _MARKS.sub(lambda match: _CODE[match[0]], code) if "\ufdd1" in code else code


def goes_on(paragraph: str, line: str) -> bool:
    """Whether `line` belongs to the formula in lines of its own that `paragraph` is so far."""
    opening = _OPEN_BLOCK.match(paragraph)
    if opening is None or len(paragraph) > LONGEST or _STRUCTURE.match(line):
        return False
    return _CLOSER[opening[1]] not in paragraph[opening.end() :]


def _formulas(source: str) -> Iterator[_Formula]:
    """Each once, in order; linear in the length, whatever the text."""
    signs = list(_TOKEN.finditer(source))
    last = {match[0]: match.start() for match in signs}
    start, kind, alone = -1, "", False
    for match in signs:
        sign = match[0]
        if not sign.startswith(("$", "\\")):
            kind = kind if alone and sign[-1:] in _ITEM else ""
        elif kind and sign == _CLOSER[kind] and _may_close(source, kind, match) and _is_formula(source, start, match):
            yield _Formula(start, match.end(), kind)
            kind = ""
        elif _opens(source, match, kind) and last.get(_CLOSER[sign], -1) > match.start():
            start, kind = match.start(), sign
            alone = sign in _DISPLAY and _marks_before(source, start) is not None


def _opens(source: str, match: re.Match[str], kind: str) -> bool:
    """Whether a formula may begin here, inside of what may become one of `kind`."""
    after = source[match.end() : match.end() + 1]
    if match[0] != "$":
        return match[0] in _CLOSER and bool(after)
    before = source[match.start() - 1 : match.start()] if match.start() else ""
    return kind in ("", "$") and bool(after.strip()) and not _WORDLIKE.match(before)


def _may_close(source: str, kind: str, match: re.Match[str]) -> bool:
    if kind != "$":
        return True
    after = source[match.end() : match.end() + 1]
    return bool(source[match.start() - 1].strip()) and not _WORDLIKE.match(after)


def _is_formula(source: str, start: int, end: re.Match[str]) -> bool:
    opening = 1 if source[start] == "$" and source[start + 1] != "$" else 2
    inner = source[start + opening : end.start()]
    if not inner.strip() or len(inner) > LONGEST:
        return False
    is_short = len(inner.strip()) <= _SHORT and end[0] != r"\]"
    needs_sign = inner[0].isdigit() if opening == 1 else source[start] == "\\" and not is_short
    return not needs_sign or _MATHLIKE.search(inner) is not None


def _rewritten(source: str, formula: _Formula) -> str:
    kind = formula.kind
    inner = source[formula.start + len(kind) : formula.end - len(kind)]
    if kind in _DISPLAY and "\n" in inner:  # joined, no line of it begins a list or a heading
        inner = _INDENTED_LINE.sub(_LINE if _stands_alone(source, formula, inner) else "\n", inner)
    return f"{_OPENS.get(kind, kind)}{inner}{_CLOSES.get(kind, kind)}"


def _stands_alone(source: str, formula: _Formula, inner: str) -> bool:
    marks = _marks_before(source, formula.start)
    if marks is None:
        return False
    indent = len(marks)
    lines = inner.split("\n")[1:]
    return all(not _STRUCTURE.match(line) and not line[:indent].strip() for line in lines[:-1]) and (
        not lines[-1][:indent].strip()
    )


def _marks_before(source: str, start: int) -> str | None:
    """Spaces and marks of list items that stand before a paragraph that begins at `start`; None if none does."""
    match = _BEFORE_BLOCK.search(source, max(0, start - _LONGEST_MARKERS), start)
    return (match[1] or match[2] or "") if match else None


def _without(text: str) -> str:
    return text.replace("$", _NO_FORMULA) if "$" in text else text
