"""The open containers of a growing tree: which of them a line continues, and how lists begin and end.

Follows pulldown-cmark, whose rendering of the whole is the measure. Knows no leaf and no HTML.
"""

from streaming.rendering.blocks import Container, Document, Footnote, Item, List, Quote
from streaming.rendering.cursor import Cursor, Marker
from streaming.rendering.lines import INDENTED


class Spine:
    """The containers from the outermost to the innermost one that is open."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._open: list[Container] = []
        self.after_blank = False
        self._empty_item = False

    def __len__(self) -> int:
        return len(self._open)

    @property
    def top(self) -> Container | None:
        """The innermost one."""
        return self._open[-1] if self._open else None

    def matched(self, cursor: Cursor) -> int:
        """How many of them the line continues; the cursor then stands behind their marks."""
        for count, container in enumerate(self._open):
            place = cursor.save()
            if isinstance(container, Quote):
                cursor.spaces(3)
                if cursor.quote():
                    continue
            elif isinstance(container, List):
                continue
            else:
                indent = container.indent if isinstance(container, Item) else INDENTED
                if cursor.spaces(indent) == indent or cursor.is_at_end:
                    continue
            cursor.restore(place)
            return count
        return len(self._open)

    def close_to(self, count: int) -> None:
        """Only the outer `count` stay open."""
        while len(self._open) > count:
            self._pop()

    def open_quote(self, alert: str) -> None:
        """A block quote begins, or an alert of that kind."""
        self.finish_list()
        self._open.append(Quote(self._document, self.top, alert))

    def open_footnote(self, head: str) -> None:
        """A footnote begins; it ends one that it would stand in."""
        self.finish_list()
        if isinstance(self.top, Footnote):
            self._pop()
        self._open.append(Footnote(self._document, self.top, head))

    def open_item(self, marker: Marker) -> None:
        """An item begins, and a list if none is open that `marker` goes on with."""
        self._finish_empty_item()
        if isinstance(self.top, List) and self.top.kind == marker.kind:
            if self.after_blank:
                self.top.loosen()
        else:
            if self.top is not None:
                self.finish_list()
            self._open.append(List(self._document, self.top, marker.kind, marker.number))
        self.after_blank = False
        assert isinstance(self.top, List)
        self._open.append(Item(self._document, self.top, marker.indent))

    def begin_empty_item(self) -> None:
        """The item that was just opened has nothing in its first line."""
        self._empty_item = True

    def blank(self) -> None:
        """An empty line, which shows something only with what follows it."""
        if isinstance(self.top, Quote):
            return
        self.after_blank = True
        if self._empty_item and isinstance(self.top, Item):
            self.top.indent = 0

    def finish_list(self) -> None:
        """A block begins that is no item: an open list ends, and after an empty line the one around it is loose."""
        self._finish_empty_item()
        if isinstance(self.top, List):
            self._pop()
        if self.after_blank:
            above = self._open[-2] if len(self._open) > 1 else None
            if isinstance(above, List):
                above.loosen()
            self.after_blank = False

    def _finish_empty_item(self) -> None:
        """An item without text holds nothing that comes after an empty line."""
        if self._empty_item and self.after_blank and isinstance(self.top, Item):
            self._pop()
        self._empty_item = False

    def _pop(self) -> None:
        container = self._open.pop()
        if isinstance(container, List) and container.tight:
            self._empty_item = False
