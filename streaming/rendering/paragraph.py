"""Paragraphs and headings: what of one is sent again while it grows, and what is only added. Knows no lines."""

import re
from collections.abc import Iterator

from streaming.rendering import markup
from streaming.rendering.addresses import is_possible
from streaming.rendering.blocks import Container, Document, Item
from streaming.rendering.escaping import escape
from streaming.rendering.formulas import goes_on
from streaming.rendering.leaves import SPACE, Leaf, settled
from streaming.rendering.ops import Op, append, replace
from streaming.rendering.references import References

# What may give text before it another meaning: everything else only stands at the end of a paragraph.
_MEANING = re.compile("[*_~$\\[\\])`<>&;\\\\#\n\r\ufdd0\ufdd1]")
_ONE_BLOCK = re.compile(r"<(p|h[1-6])>(.*)</\1>\n?$", re.DOTALL)
_TASK = re.compile(r"^<ul>\n<li>(.*)</li>\n</ul>\n$", re.DOTALL)
_BLOCK_END = re.compile(r"</(?:p|h[1-6])>")


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

    def takes(self, line: str) -> bool:
        """Whether `line` belongs to it whatever it begins with: inside of a formula in lines of its own."""
        return self._pieces[0].lstrip().startswith(("$", "\\")) and goes_on(self.source, line)

    def close(self) -> None:
        was_formula = self.takes("x")
        super().close()
        if was_formula:  # it was never closed, so its lines are what they would be without it
            self.forget()

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
        if self.is_open and self.takes("x"):
            return "p", escape(source.rstrip(SPACE))
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


def _element(name: str, inner: str, id_: str) -> str:
    if name == "span":
        return f"<span{id_}>{inner}</span>"
    if name == "div":
        return f"<div{id_}>{inner}</div>"
    return f'<{name} dir="auto"{id_}>{inner}</{name}>'
