"""Blocks that hold text: how each is rendered, and how little of it is sent again. Knows no line structure."""

import re
from collections.abc import Iterator

from streaming.rendering import markup
from streaming.rendering.addresses import is_possible
from streaming.rendering.blocks import Block, Container, Document, Item
from streaming.rendering.escaping import escape
from streaming.rendering.ops import Op, append, replace
from streaming.rendering.references import References

# Text up to here is rendered again for each change that is more than plain text. Beyond it rendering
# happens each time the text has grown by an eighth, and what came since is shown as it was written.
LONGEST_TAIL = 3000

SPACE = " \t\x0b\x0c\n"
# What may give text before it another meaning: everything else only stands at the end of a paragraph.
_MEANING = re.compile("[*_~\\[\\])`<>&;\\\\#\n\r\ufdd0\ufdd1]")
_ONE_BLOCK = re.compile(r"<(p|h[1-6])>(.*)</\1>\n?$", re.DOTALL)
_TASK = re.compile(r"^<ul>\n<li>(.*)</li>\n</ul>\n$", re.DOTALL)
_BLOCK_END = re.compile(r"</(?:p|h[1-6])>")


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


class Paragraph(Leaf):
    """Running text: a paragraph, or a heading once its level is known. `task` is the tick of a task's box."""

    __slots__ = ("_append", "_edge", "_held", "_shown", "level", "task")

    def __init__(self, document: Document, parent: Container | None, references: References) -> None:
        super().__init__(document, parent, references)
        self.level = 0
        self.task: bool | None = None
        self._append = False
        self._edge = ""
        self._held = ""
        self._shown = 0

    def send(self) -> str:
        source = self.source
        self._shown = settled(self._length) if self.is_open else self._length
        name, inner = self._element(source[: self._shown])
        text = source.rstrip(SPACE)
        self._held = source[len(text) :]
        if self._shown < self._length:
            inner += escape(text[len(source[: self._shown].rstrip(SPACE)) :])
        self._append = name != "div" and not source.startswith("[")
        self._edge = "#" if text.endswith("#") else source[-1:]
        self._fresh.clear()
        self._outdated = False
        self.sent = bool(name)
        return _element(name, inner, f' id="{self.id}"') if name else ""

    def bare(self) -> str:
        name, inner = self._element(self.source)
        if name in ("div", "span"):
            return inner
        return _element(name, inner, "") if name else ""

    def changes(self) -> Iterator[Op]:
        if not self._outdated and not self._fresh:
            return
        delta = "".join(self._fresh)
        if self._outdated or not self._may_append(delta):
            yield replace(self.id, self.send())
            return
        text = self._held + delta
        visible = text.rstrip(SPACE)
        self._held = text[len(visible) :]
        self._edge = delta[-1:]
        self._fresh.clear()
        if visible:
            yield append(self.id, escape(visible))

    def cut(self, length: int) -> None:
        """Only the first `length` characters belong here after all."""
        self._pieces = [self.source[:length]]
        self._length = length
        self.forget()

    @property
    def may_define(self) -> bool:
        """Whether link definitions may be in it."""
        return self.task is None and self._length > 0 and self._pieces[0].startswith("[") and "]:" in self.source

    @property
    def is_visible(self) -> bool:
        """Whether it is more than definitions."""
        return bool(self._element(self.source)[0])

    def _may_append(self, delta: str) -> bool:
        mark = settled(self._length) if self.is_open else self._length
        if mark < self._length:
            return mark == self._shown
        if not self._append or _MEANING.search(delta) is not None or _MEANING.match(self._edge) is not None:
            return False
        # an address may be growing: the last word that is shown, and what comes
        return not is_possible(self.source[: -len(delta)].rpartition(" ")[2] + delta)

    def _element(self, source: str) -> tuple[str, str]:
        """The name of the element and what is in it; "" for neither if there is nothing to see."""
        if self._known is None or self._known[0] != len(source):
            self._known = (len(source), *self._parsed(source))
        _, name, inner = self._known
        if name == "p" and self.level:
            name = f"h{self.level}"
        elif name == "p" and isinstance(self.parent, Item) and self.parent.is_tight:
            name = "span"
        return name, inner

    def _parsed(self, source: str) -> tuple[str, str]:
        if source.startswith("#"):
            source = source.rstrip(SPACE)
        html = self.rendered(source) if self.task is None else self._task(source)
        match = _ONE_BLOCK.match(html)
        if match is None or len(_BLOCK_END.findall(html)) > 1:
            return ("div", markup.directed(html)) if html.strip() else ("", "")
        return match[1], match[2]

    def _task(self, source: str) -> str:
        """A task's text, in which nothing begins a block: rendered as the task it is, without the list."""
        mark = "x" if self.task else " "
        html = self.rendered(f"- [{mark}] " + source.replace("\n", "\n  "))
        return _TASK.sub(r"<p>\1</p>", html)


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


def _element(name: str, inner: str, id_: str) -> str:
    if name == "span":
        return f"<span{id_}>{inner}</span>"
    if name == "div":
        return f"<div{id_}>{inner}</div>"
    return f'<{name} dir="auto"{id_}>{inner}</{name}>'
