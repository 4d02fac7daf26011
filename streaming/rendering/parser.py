"""Lines of markdown to a growing tree of blocks, as pulldown-cmark would build it. Knows structure, no HTML.

A line's structure is decided by its beginning and never changes afterwards, so the rest of it can arrive
in any pieces. What may still become something else is held back until it is decided.
"""

from streaming.rendering import lines, markup
from streaming.rendering.blocks import Document, Table
from streaming.rendering.cursor import Cursor, Marker
from streaming.rendering.leaves import Box, Code, Leaf, Rule
from streaming.rendering.lines import INDENTED
from streaming.rendering.paragraph import Paragraph
from streaming.rendering.references import References
from streaming.rendering.rows import Row
from streaming.rendering.spine import Spine

# Deeper nesting is left to the renderer of the innermost block: no answer needs it, and a hostile one
# would make every line cost as much as it is deep.
DEEPEST = 24

_BLANK = " \t\x0b\x0c"


class Parser:
    """Builds `document` from lines."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._references = References()
        self._spine = Spine(document)
        self._leaf: Leaf | None = None
        self._table: Table | None = None
        self._ends_with_line = False
        self._is_last = False
        self._line_start = 0
        self._begins_alert = False

    def is_undecided(self, line: str, known: int) -> bool:
        """Whether the structure of `line`, of which more may come, is still open."""
        leaf = self._leaf
        if isinstance(leaf, Code) and leaf.fence and not self._spine:
            return not line.lstrip(" ").strip(leaf.fence[0] + " ")
        if self._table is not None and line.lstrip(" \t").startswith("|"):
            return not line.strip(_BLANK + "|")
        return lines.is_undecided(line, known)

    def begin(self, line: str) -> None:
        """A line that is complete or whose structure is decided."""
        cursor = Cursor(line)
        matched = self._spine.matched(cursor)
        place = cursor.save()
        begins_alert, self._begins_alert = self._begins_alert, False
        if begins_alert and matched < len(self._spine) and self._is_lazy(cursor):
            self._open_paragraph(cursor)
            return
        if self._table is not None or self._leaf is not None:
            if self._continues(cursor, inside=matched == len(self._spine)):
                return
            self._close_leaf()
            cursor.restore(place)
        self._block(cursor, matched)

    def more(self, text: str) -> None:
        """The next piece of the line that `begin` began."""
        if self._leaf is not None:
            self._leaf.add(text)

    def end(self, ending: str) -> None:
        """The line that `begin` began ends with `ending`."""
        if isinstance(self._leaf, Code):
            if self._ends_with_line:
                self._leaf.add(ending)
        elif self._ends_with_line:
            self._close_leaf(keep_table=True)

    def close(self, line: str) -> None:
        """The text ends with `line`, which no line feed follows."""
        leaf = self._leaf
        if line and not (isinstance(leaf, Code) and leaf.fence and not line.strip(" ") and len(line) < INDENTED):
            self._is_last = True
            self.begin(line)
        self._close_leaf()

    def _continues(self, cursor: Cursor, *, inside: bool) -> bool:
        """Whether the open leaf takes the line."""
        if self._table is not None:
            return inside and self._continues_table(self._table, cursor)
        if isinstance(self._leaf, Code):
            return inside and self._continues_code(self._leaf, cursor)
        if isinstance(self._leaf, Paragraph):
            return self._continues_paragraph(self._leaf, cursor, inside=inside)
        return False

    def _continues_table(self, table: Table, cursor: Cursor) -> bool:
        cursor.all_spaces()
        row = cursor.rest
        if lines.interrupts(row, inside=True, in_table=True) or row.rstrip(_BLANK) in ("", "|"):
            return False
        self._open_row(table, row)
        return True

    def _continues_code(self, code: Code, cursor: Cursor) -> bool:
        self._ends_with_line = True
        if not code.fence:
            if cursor.spaces(INDENTED) < INDENTED and not cursor.is_at_end:
                return False
            self._spine.after_blank = cursor.is_blank()
            if self._spine.after_blank:
                code.add_blank(cursor.code + "\n")
                self._ends_with_line = False
            else:
                code.add(cursor.code)
            return True
        cursor.spaces(code.indent)
        place = cursor.save()
        width = INDENTED - code.indent
        if cursor.spaces(width) < width and lines.closes_fence(cursor.rest, code.fence):
            self._close_leaf()
            return True
        cursor.restore(place)
        code.add(cursor.code)
        return True

    def _continues_paragraph(self, paragraph: Paragraph, cursor: Cursor, *, inside: bool) -> bool:
        text = cursor.code
        if not (inside and paragraph.takes(text)) and cursor.spaces(INDENTED) < INDENTED:
            rest = cursor.rest
            if inside and rest[:1] in "|-: " and self._becomes_table(paragraph, rest):
                return True
            if inside and rest[:1] in "=-" and self._becomes_heading(paragraph, rest):
                return True
            if lines.interrupts(rest, inside=inside):
                return False
            if not inside and (lines.setext_level(rest) or lines.alignments(rest)):
                text = " " * INDENTED + text  # text it is out here; in the paragraph it would be an underline
        cursor.all_spaces()
        if cursor.is_at_end:
            return False
        self._line_start = paragraph.length + 1
        paragraph.add("\n" + text)
        return True

    def _becomes_heading(self, paragraph: Paragraph, line: str) -> bool:
        level = lines.setext_level(line)
        if not level or (paragraph.source.startswith("[") and not paragraph.is_visible):
            return False
        paragraph.level = level
        paragraph.outdate()
        self._close_leaf()
        return True

    def _becomes_table(self, paragraph: Paragraph, line: str) -> bool:
        columns = lines.alignments(line)
        if columns is None:
            return False
        header = paragraph.source[self._line_start :]
        if (len(header) - len(header.rstrip("\\"))) % 2:
            return False
        if lines.columns(header) != len(columns) or (self._line_start and not header.lstrip(" ").startswith("|")):
            return False
        parent = paragraph.parent
        paragraph.cut(max(self._line_start - 1, 0))
        self._close_leaf()
        table = Table(self.document, parent, columns)
        table.head = Row(self.document, table, self._references, is_head=True)
        table.head.add(header)
        table.head.close()
        self._table = table
        self._ends_with_line = False
        return True

    def _block(self, cursor: Cursor, matched: int) -> None:
        """A line that belongs to no open leaf."""
        self._spine.close_to(matched)
        if self._containers(cursor):
            return
        if cursor.is_blank():
            self._spine.blank()
            return
        place = cursor.save()
        indent = cursor.spaces(INDENTED)
        if indent == INDENTED:
            self._spine.finish_list()
            self._spine.after_blank = False
            self._open(Code(self.document, self._spine.top, self._references)).add(cursor.code)
            self._ends_with_line = True
            return
        rest = cursor.rest
        if lines.is_rule(rest):
            self._spine.finish_list()
            Rule(self.document, self._spine.top)
        elif lines.heading_level(rest):
            self._spine.finish_list()
            self._open(Paragraph(self.document, self._spine.top, self._references)).add(rest)
            self._ends_with_line = True
        elif opening := lines.fence(rest):
            self._open_fence(opening, indent)
        else:
            cursor.restore(place)
            self._open_paragraph(cursor)

    def _containers(self, cursor: Cursor) -> bool:
        """Open the containers that the line begins with; whether that was all of the line."""
        while len(self._spine) < DEEPEST:
            place = cursor.save()
            indent = cursor.spaces(INDENTED)
            if indent == INDENTED:
                cursor.restore(place)
                return False
            if (label := cursor.footnote()) is not None:
                self._spine.open_footnote(markup.footnote_label(label))
                self.document.defined(self._references.define_footnote(label))
            elif (marker := cursor.marker(indent)) is not None:
                if self._open_item(cursor, marker):
                    return True
            elif cursor.quote():
                alert = cursor.alert()
                self._spine.open_quote(alert)
                if alert:
                    self._begins_alert = True
                    return True
            else:
                cursor.restore(place)
                return False
        return False

    def _is_lazy(self, cursor: Cursor) -> bool:
        """Whether the line is text, which goes on with what stands open although it lacks its marks."""
        place = cursor.save()
        text = cursor.spaces(INDENTED) == INDENTED or not lines.interrupts(cursor.rest, inside=False)
        cursor.restore(place)
        return text and not cursor.is_blank()

    def _open_item(self, cursor: Cursor, marker: Marker) -> bool:
        """Open an item; whether the rest of the line is taken as well."""
        self._spine.open_item(marker)
        if cursor.is_blank():
            self._spine.begin_empty_item()
            return True
        ticked = cursor.task(is_last=self._is_last)
        if ticked is None:
            return False
        if cursor.is_blank():
            self._spine.begin_empty_item()
            Box(self.document, self._spine.top, ticked=ticked)
        else:
            self._open_paragraph(cursor).task = ticked
        return True

    def _open_fence(self, opening: tuple[str, str], indent: int) -> None:
        self._spine.finish_list()
        code = Code(self.document, self._spine.top, self._references, fence=opening[0], indent=indent)
        code.language = markup.language_of(opening[1].strip(_BLANK))
        self._leaf = code
        self._ends_with_line = False

    def _open_paragraph(self, cursor: Cursor) -> Paragraph:
        cursor.all_spaces()
        self._spine.finish_list()
        self._line_start = 0
        paragraph = Paragraph(self.document, self._spine.top, self._references)
        self._open(paragraph).add(cursor.rest)
        return paragraph

    def _open_row(self, table: Table, text: str) -> None:
        self._open(Row(self.document, table, self._references)).add(text)
        self._ends_with_line = True

    def _open(self, leaf: Leaf) -> Leaf:
        self._leaf = leaf
        self._ends_with_line = False
        return leaf

    def _close_leaf(self, *, keep_table: bool = False) -> None:
        if not keep_table:
            self._table = None
        leaf, self._leaf = self._leaf, None
        self._ends_with_line = False
        if leaf is None:
            return
        leaf.close()
        if isinstance(leaf, Paragraph) and leaf.may_define:
            for label in self._references.define_links(leaf.source):
                self.document.defined(label)
