"""Texts that break careless streaming, in arrangements whose place in the page can be read back exactly."""

import random
from collections.abc import Iterable

# Each is one delta. Lone surrogates are halves of a pair that the next delta completes.
NASTY = (
    " ",
    "\n",
    "42",
    "null",
    "true",
    "{}",
    "[]",
    '""',
    "<script>alert(1)</script>",
    "<hx-partial>",
    '<hx-partial hx-target="body" hx-swap="innerHTML">gone</hx-partial>',
    "</template>",
    "</code></pre>",
    "<!--",
    "-->",
    "]]>",
    "&amp;",
    "&lt;b&gt;",
    "\\n",
    "\\u0041",
    "\t",
    "  ",
    "`",
    "data: ",
    "event: done",
    "[DONE]",
    "\ud83d",
    "\ude00",
    "👩",
    "\u200d",
    "🚀",
    "e",
    "\u0301",
    "🇮",
    "🇹",
    "שלום",
    " عربى",
    "\u202e",
    "\u00a0",
    "ﷺ",
    "𝔘",
    "0",
    "false",
    "%s{{ x }}{% y %}",
    "\n\n",
    "#",
    "|",
    '"',
    "'",
    "\u2028",
    "\ufeff",
)


def fenced(mark: str, count: int, *, seed: int = 1, language: str = "text", close: bool = True) -> list[str]:
    """`count` deltas inside one code block that begins with `mark`: the block's text must equal the body exactly."""
    return [f"```{language}\n", *body(mark, count, seed=seed), *(["\n", "```", "\n"] if close else [])]


def body(mark: str, count: int, *, seed: int = 1) -> list[str]:
    """`mark`, then nasty deltas and numbered words in turn, each number once and in order."""
    chosen = random.Random(seed)
    deltas = [f"{mark} "]
    while len(deltas) < count:
        start = chosen.randrange(len(NASTY))
        run = list(NASTY[start : start + chosen.randint(1, 4)])
        deltas += _paired(run)
        deltas.append(f"w{len(deltas):05d} ")
    return deltas[:count] if not _dangling(deltas[count - 1]) else [*deltas[: count - 1], "."]


def prose(mark: str, count: int, *, width: int = 20) -> list[str]:
    """`count` deltas of paragraphs: `mark`, then words `w00001 ` in order, with HTML to be shown as text between."""
    deltas = [f"{mark} "]
    for number in range(1, count):
        if number % 50 == 0:
            deltas.append("<script>alert(1)</script> ")
        elif number % width == 0:
            deltas.append("\n\n")
        else:
            deltas.append(f"w{number:05d} ")
    return deltas


def words(text: str) -> list[int]:
    """The numbers of the numbered words in `text`, as they come."""
    found, start = [], 0
    while (start := text.find("w", start)) >= 0:
        digits = text[start + 1 : start + 6]
        if len(digits) == 5 and digits.isascii() and digits.isdigit():
            found.append(int(digits))
        start += 1
    return found


def numbers_in(deltas: Iterable[str]) -> list[int]:
    return words("".join(deltas))


def _paired(run: list[str]) -> list[str]:
    if run[0] == "\ude00":
        run = ["\ud83d", *run]
    if run[-1] == "\ud83d":
        run = [*run, "\ude00"]
    return run


def _dangling(text: str) -> bool:
    return "\ud800" <= text[-1] <= "\udbff"
