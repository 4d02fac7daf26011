"""A place in the beginning of a line of markdown, and the marks that are stepped over. Knows one line, no document."""

import re
from typing import NamedTuple

from streaming.rendering.lines import BULLET_OR_NUMBER, INDENTED, footnote_start, is_rule

TAB_STOP = 4
_TASK = re.compile(r"[ \t]{0,3}\[([ \t\x0b\x0cxX])\](?=[ \t\x0b\x0c]|$)")
_ALERT = re.compile(r"\[!(note|tip|important|warning|caution)\][ \t]*$", re.IGNORECASE)


class Marker(NamedTuple):
    """A list item's marker: its kind (`-`, `+`, `*`, `.` or `)`), number and the columns its content starts at."""

    kind: str
    number: int
    indent: int


class Cursor:
    """A position in a line's beginning, where tabs count as columns up to the next stop."""

    __slots__ = ("_spare", "_tab", "at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._tab = 0
        self._spare = 0

    def save(self) -> tuple[int, int, int]:
        """A place to come back to with `restore`."""
        return self.at, self._tab, self._spare

    def restore(self, place: tuple[int, int, int]) -> None:
        """Back to where `save` was called."""
        self.at, self._tab, self._spare = place

    def spaces(self, limit: int) -> int:
        """Step over up to `limit` columns of space; how many there were."""
        left = limit
        if self._spare:
            taken = min(self._spare, left)
            self._spare -= taken
            left -= taken
        text, end = self.text, len(self.text)
        while left and self.at < end:
            character = text[self.at]
            if character == " ":
                self.at += 1
                left -= 1
            elif character == "\t":
                width = TAB_STOP - (self.at - self._tab) % TAB_STOP
                self.at += 1
                self._tab = self.at
                taken = min(width, left)
                left -= taken
                self._spare = width - taken
            else:
                break
        return limit - left

    def all_spaces(self) -> None:
        """Step over all spaces and tabs."""
        self._spare = 0
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1

    def quote(self) -> bool:
        """Step over a block quote's marker."""
        if not self.text.startswith(">", self.at):
            return False
        self.at += 1
        self.spaces(1)
        return True

    def alert(self) -> str:
        """Step over `[!NOTE]` and its like, which has to be all of the line; the kind in lower case, else ""."""
        match = _ALERT.match(self.text, self.at)
        if match is None or self._spare:
            return ""
        self.at = match.end()
        return match[1].lower()

    def marker(self, indent: int) -> Marker | None:
        """Step over a list item's marker and the space behind it. `indent` columns came before."""
        match = BULLET_OR_NUMBER.match(self.text, self.at)
        if match is None or (match[1] is None and is_rule(self.rest)):
            return None
        start = self.at
        self.at = match.end()
        self.spaces(1)
        width = indent + match.end() - start + 1
        number = int(match[1]) if match[1] else 0
        kind = self.text[match.end() - 1]
        if self.is_blank():
            return Marker(kind, number, width)
        place = self.save()
        extra = self.spaces(INDENTED)
        if extra < INDENTED:
            width += extra
        else:
            self.restore(place)
        return Marker(kind, number, width)

    def footnote(self) -> str | None:
        """Step over `[^label]:`; the label."""
        if not self.text.startswith("[^", self.at):
            return None
        match = footnote_start(self.text, self.at)
        if match is None:
            return None
        self.text, self.at, self._tab, self._spare = self.text[match.end() :], 0, 0, 0
        return " ".join(match[1].split())

    def task(self, *, is_last: bool) -> bool | None:
        """Step over a task's box; whether it is ticked. In the last line something has to follow it."""
        match = _TASK.match(self.text, self.at)
        if match is None or (is_last and match.end() == len(self.text)):
            return None
        self.at = match.end()
        return match[1] in "xX"

    @property
    def rest(self) -> str:
        """The line from here."""
        return self.text[self.at :]

    @property
    def code(self) -> str:
        """The line from here, with what is left of a tab that was stepped into."""
        return " " * self._spare + self.text[self.at :]

    def is_blank(self) -> bool:
        """Nothing but space follows."""
        return not self.text[self.at :].strip(" \t\x0b\x0c")

    @property
    def is_at_end(self) -> bool:
        """Nothing follows."""
        return self.at >= len(self.text)
