"""Compares the page, the log and what the model sent, and says where they first differ.

Shares no code with the product: it has its own idea of what a text is.
"""

from collections.abc import Sequence
from itertools import pairwise

from tests.support.corpus import words
from tests.support.log_reader import Answer
from tests.support.model_server import Exchange

AROUND = 24


class DifferenceError(AssertionError):
    """Two texts that have to be the same are not."""


def normal(text: str) -> str:
    """`text` as every reader must see it: surrogate halves joined, NUL and lone halves as U+FFFD."""
    whole, units = [], iter([*text, ""])
    unit = next(units)
    while unit:
        following = next(units)
        if _high(unit) and _low(following):
            whole.append(chr(0x10000 + ((ord(unit) - 0xD800) << 10) + ord(following) - 0xDC00))
            following = next(units)
        else:
            whole.append("\ufffd" if unit == "\x00" or "\ud800" <= unit <= "\udfff" else unit)
        unit = following
    return "".join(whole)


def same(expected: str, found: str, what: str) -> None:
    """Both texts are equal. Raises DifferenceError with the first difference and what kind it looks like."""
    if expected == found:
        return
    at = _first_difference(expected, found)
    raise DifferenceError(
        f"{what}: {_kind(expected, found, at)} at character {at} (expected {len(expected)}, found {len(found)})\n"
        f"  before   {expected[max(0, at - AROUND) : at]!r}\n"
        f"  expected {expected[at : at + AROUND]!r}\n"
        f"  found    {found[at : at + AROUND]!r}"
    )


def prefix(whole: str, found: str, what: str) -> None:
    """`found` is a beginning of `whole`."""
    same(whole[: len(found)], found, what)


def same_words(expected: Sequence[int], found: Sequence[int], what: str) -> None:
    """The numbered words are the same: none dropped, repeated or swapped."""
    if list(expected) == list(found):
        return
    at = _first_difference(expected, found)
    raise DifferenceError(
        f"{what}: word {at + 1} of {len(expected)} (found {len(found)}): expected {list(expected[at : at + 5])},"
        f" found {list(found[at : at + 5])}"
    )


def words_in_order(text: str, what: str) -> list[int]:
    """The numbered words of `text`, which only ever grow."""
    found = words(text)
    for before, after in pairwise(found):
        if after <= before:
            raise DifferenceError(f"{what}: word {after} comes after word {before}")
    return found


def log_holds(answer: Answer, exchange: Exchange, *, whole: bool) -> None:
    """The log has what the model said to this attempt: all of it, or (whole=False) a beginning."""
    what = f"log of {answer.run} attempt {answer.attempt} against exchange {exchange.number}"
    for part, found in (("text", answer.text), ("thinking", answer.thinking)):
        said = normal(exchange.said(part))
        if whole:
            same(said, found, f"{what}, {part}")
        else:
            prefix(said, found, f"{what}, {part}")


def block_of(text: str) -> str:
    """The content of the one code block that `text` opens, as far as it came (CommonMark: up to the closing fence)."""
    first, _, rest = text.partition("\n")
    if not first.startswith("```"):
        raise DifferenceError(f"the text opens no code block: {text[:AROUND]!r}")
    held, fence, _ = f"\n{rest}".rpartition("\n```")
    return f"{held}\n"[1:] if fence else rest


def page_holds(text: str, shown: str, what: str) -> None:
    """A page's code block shows exactly the block that `text` opens. The last line end may be shown or not."""
    expected = block_of(text)
    same(expected.removesuffix("\n"), shown.removesuffix("\n"), what)


def page_grew(text: str, shown: Sequence[str], what: str) -> None:
    """Each text that the code block ever had is a beginning of the block that `text` opens, each longer than before."""
    if not shown:
        raise DifferenceError(f"{what}: no text of the block was ever seen")
    expected = block_of(text)
    for at, seen in enumerate(shown):
        prefix(expected, seen.removesuffix("\n"), f"{what}, text {at + 1} of {len(shown)}")
    for before, after in pairwise(shown):
        if len(after.removesuffix("\n")) < len(before.removesuffix("\n")):
            raise DifferenceError(f"{what}: {len(before)} characters were shown, then {len(after)}")


def words_grew(expected: Sequence[int], shown: Sequence[str], what: str) -> None:
    """The numbered words of each text are a beginning of the expected ones."""
    for at, seen in enumerate(shown):
        found = words(seen)
        same_words(expected[: len(found)], found, f"{what}, text {at + 1} of {len(shown)}")


def _high(unit: str) -> bool:
    return "\ud800" <= unit <= "\udbff"


def _low(unit: str) -> bool:
    return "\udc00" <= unit <= "\udfff"


def _first_difference(expected: Sequence[object], found: Sequence[object]) -> int:
    """Where they part; the length of the shorter one when it begins the other."""
    pairs = enumerate(zip(expected, found, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(expected), len(found)))


def _kind(expected: str, found: str, at: int) -> str:
    rest, got = expected[at:], found[at:]
    if not got:
        return "the end is missing"
    if not rest:
        return "something follows the end"
    for size in range(1, min(4096, len(rest)) + 1):
        if rest[size : size + AROUND] == got[:AROUND] and len(rest) > size:
            return f"{size} characters dropped ({rest[:size][:AROUND]!r})"
    for size in range(1, min(4096, len(got)) + 1):
        if got[size : size + AROUND] == rest[:AROUND] and len(got) > size:
            extra = got[:size]
            return (
                f"{size} characters {'repeated' if expected[:at].endswith(extra) else 'inserted'} ({extra[:AROUND]!r})"
            )
    return "a difference"
