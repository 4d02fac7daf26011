"""Rows of a table: each is sent when it begins and again while it grows. Knows cells, no line structure."""

import re
from collections.abc import Iterator

from streaming.rendering.addresses import is_possible
from streaming.rendering.blocks import Document, Table
from streaming.rendering.leaves import SPACE, Leaf, settled
from streaming.rendering.ops import Op
from streaming.rendering.references import References

# A cell without any of these may be shown as it is.
_INLINE = re.compile("[*_~$\\[\\]`<>&!\\\\\ufdd0\ufdd1\r]")
_DELIMITERS = {"": "-", "left": ":-", "right": "-:", "center": ":-:"}


class Row(Leaf):
    """A row of a table, or its head."""

    __slots__ = ("_sent_html", "table")

    def __init__(self, document: Document, table: Table, references: References, *, is_head: bool = False) -> None:
        super().__init__(document, table, references, is_head=is_head)
        self.table = table
        self._sent_html = ""

    def send(self) -> str:
        self._fresh.clear()
        self._outdated = False
        self.sent = True
        self._sent_html = self._row(settled(self._length) if self.is_open else self._length, f' id="{self.id}"')
        return self._sent_html

    def bare(self) -> str:
        return self._row(self._length, "")

    def changes(self) -> Iterator[Op]:
        before = self._sent_html
        for op in super().changes():
            if before != self._sent_html:
                yield op

    def _row(self, length: int, id_: str) -> str:
        if self._known is None or self._known[0] != length:
            self._known = (length, *self._parsed(self.source[:length]))
        _, name, inner = self._known
        return f"<{name}{id_}>{inner}</{name}>"

    def _parsed(self, source: str) -> tuple[str, str]:
        columns = self.table.columns
        if self.table.head is not self and _INLINE.search(source) is None and not is_possible(source):
            return "tr", _plain_cells(source, columns)
        rule = "|" + "|".join(_DELIMITERS[column] for column in columns) + "|\n"
        if self.table.head is self:
            return "thead", _between(self.rendered(f"{source}\n{rule}"), "<thead>", "</thead>")
        html = self.rendered("|" + "a|" * len(columns) + f"\n{rule}{source}\n")
        return "tr", _between(html, "<tbody>", "</tbody>").strip()[4:-5]


def _plain_cells(source: str, columns: list[str]) -> str:
    """A row without inline marks, which needs no parser: missing cells are empty, extra ones dropped."""
    cells = source.strip(SPACE).removeprefix("|").split("|")
    if not cells[-1].strip(SPACE):
        cells.pop()
    cells += [""] * (len(columns) - len(cells))
    return "".join(
        [
            f'<td class="{column}">{cell.strip(SPACE)}</td>' if column else f"<td>{cell.strip(SPACE)}</td>"
            for column, cell in zip(columns, cells, strict=False)
        ]
    )


def _between(html: str, start: str, end: str) -> str:
    return html.partition(start)[2].partition(end)[0]
