"""Blocks that hold text: how each is rendered, and how little of it is sent again. Knows no line structure."""

from collections.abc import Iterator

from streaming.rendering import markup
from streaming.rendering.blocks import Block, Container, Document
from streaming.rendering.escaping import escape
from streaming.rendering.ops import Op, append, replace
from streaming.rendering.references import References

# Text up to here is rendered again for each change that is more than plain text. Beyond it rendering
# happens each time the text has grown by an eighth, and what came since is shown as it was written.
LONGEST_TAIL = 3000

SPACE = " \t\x0b\x0c\n"


def settled(length: int) -> int:
    """How much of an open block's text is rendered: a function of its length alone."""
    if length < LONGEST_TAIL:
        return length
    mark = LONGEST_TAIL
    while mark + (mark >> 3) <= length:
        mark += mark >> 3
    return mark


class Leaf(Block):
    """A block whose text grows until it is closed."""

    __slots__ = ("_fresh", "_known", "_length", "_outdated", "_pieces", "is_open", "references")

    def __init__(
        self, document: Document, parent: Container | None, references: References, *, is_head: bool = False
    ) -> None:
        super().__init__(document, parent, is_head=is_head)
        self.references = references
        self.is_open = True
        self._pieces: list[str] = []
        self._fresh: list[str] = []
        self._length = 0
        self._outdated = False
        self._known: tuple[int, str, str] | None = None  # how much of the text became which element's inside

    def add(self, text: str) -> None:
        """More text."""
        self._pieces.append(text)
        self._fresh.append(text)
        self._length += len(text)
        self.document.touch(self)

    @property
    def source(self) -> str:
        """The text so far."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @property
    def length(self) -> int:
        """How many characters the text has."""
        return self._length

    def close(self) -> None:
        """The text is complete."""
        self.is_open = False
        if settled(self._length) < self._length:
            self.outdate()

    def outdate(self) -> None:
        self._outdated = True
        super().outdate()

    def forget(self) -> None:
        self._known = None
        super().forget()

    def changes(self) -> Iterator[Op]:
        if self._outdated or self._fresh:
            yield replace(self.id, self.send())

    def rendered(self, source: str) -> str:
        """`source` as HTML; this block hears of references that are defined later."""
        html, missing = self.references.render(source)
        for label in missing:
            self.document.wait(self, label)
        return html


class Code(Leaf):
    """A code block. While it is open its text is only added to; when it closes it is highlighted, once."""

    __slots__ = ("_blank", "fence", "indent", "language")

    def __init__(
        self, document: Document, parent: Container | None, references: References, *, fence: str = "", indent: int = 0
    ) -> None:
        super().__init__(document, parent, references)
        self.fence = fence
        self.indent = indent
        self.language = ""
        self._blank: list[str] = []

    def add_blank(self, text: str) -> None:
        """An empty line, which is code only if another line of code follows."""
        self._blank.append(text)

    def add(self, text: str) -> None:
        if self._blank:
            text = "".join(self._blank) + text
            self._blank.clear()
        super().add(text)

    def close(self) -> None:
        self.is_open = False
        if self.language:
            self.outdate()

    def send(self) -> str:
        self._fresh.clear()
        self._outdated = False
        self.sent = True
        return markup.figure(self.source, self.language, id_=self.id, highlighted=not self.is_open)

    def bare(self) -> str:
        return markup.figure(self.source, self.language, highlighted=False)

    def changes(self) -> Iterator[Op]:
        if self._outdated:
            yield replace(self.id, self.send())
        elif self._fresh:
            text = "".join(self._fresh)
            self._fresh.clear()
            yield append(f"{self.id}-t", escape(text))


class Rule(Block):
    """A thematic break."""

    __slots__ = ()

    def send(self) -> str:
        self.sent = True
        return f'<hr id="{self.id}">'

    def bare(self) -> str:
        return "<hr>"


class Box(Block):
    """A task's box without text."""

    __slots__ = ("ticked",)

    def __init__(self, document: Document, parent: Container | None, *, ticked: bool) -> None:
        super().__init__(document, parent)
        self.ticked = ticked

    def send(self) -> str:
        self.sent = True
        return f'<span id="{self.id}">{self.bare()}</span>'

    def bare(self) -> str:
        return markup.CHECKBOX[self.ticked]
