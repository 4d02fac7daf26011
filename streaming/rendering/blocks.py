"""The tree of blocks that a text's rendering consists of, and what of it a page already has. Knows no syntax."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

from streaming.rendering.markup import TABLE, alert_head
from streaming.rendering.ops import Op, append


class Document:
    """The root: names blocks, remembers which changed, and knows the references that any block may define."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.children: list[Block] = []
        self.changed: dict[Block, None] = {}
        self._count = 0
        self._waiting: dict[str, dict[Block, None]] = {}

    def next_id(self) -> str:
        """An id, given by the order of creation, which the text alone decides."""
        self._count += 1
        return f"{self.prefix}-b{self._count}"

    def touch(self, block: "Block") -> None:
        """`block` may look different now."""
        self.changed[block] = None

    def wait(self, block: "Block", label: str) -> None:
        """`block` mentions `label`, which is not defined yet."""
        self._waiting.setdefault(label, {})[block] = None

    def defined(self, label: str) -> None:
        """`label` has its definition: blocks that mention it are rendered again."""
        for block in self._waiting.pop(label, ()):
            block.forget()

    def html(self) -> str:
        """Everything, with ids; the page is then taken to have it."""
        self.changed.clear()
        return "".join([child.send() for child in self.children])

    def bare(self) -> str:
        """Everything without ids and colours, to compare with another rendering."""
        return "".join([child.bare() for child in self.children])

    def patch(self) -> Iterator[Op]:
        """What brings a page that has the last `html` or `patch` up to date."""
        if not self.changed:
            return
        changed, self.changed = self.changed, {}
        for block in changed:
            top = block
            parent = top.parent
            while parent is not None and not parent.sent:
                top, parent = parent, parent.parent
            if top.sent:
                yield from top.changes()
                continue
            html = top.send()
            if html:
                yield append(self.prefix if parent is None else parent.body, html)


class Block(ABC):
    """A node of the tree. `sent` says whether the page has its element."""

    __slots__ = ("document", "id", "parent", "sent")

    def __init__(self, document: Document, parent: "Container | None", *, is_head: bool = False) -> None:
        self.document = document
        self.parent = parent
        self.id = document.next_id()
        self.sent = False
        if not is_head:
            (document.children if parent is None else parent.children).append(self)
        document.touch(self)

    @abstractmethod
    def send(self) -> str:
        """The whole element, which the page will have from now on; "" if there is nothing to see."""

    @abstractmethod
    def bare(self) -> str:
        """The element without ids and colours."""

    def changes(self) -> Iterator[Op]:
        """What brings the sent element up to date."""
        return iter(())

    def outdate(self) -> None:
        """The element around the text has changed."""
        self.document.touch(self)

    def forget(self) -> None:
        """What references in the text mean has changed."""
        self.outdate()


class Container(Block):
    """A block that holds blocks and never changes itself once it is there."""

    __slots__ = ("children",)

    def __init__(self, document: Document, parent: "Container | None") -> None:
        self.children: list[Block] = []
        super().__init__(document, parent)

    @property
    def body(self) -> str:
        """The id of the element that the children are in."""
        return self.id


class Wrapper(Container):
    """A container that is one element around its children."""

    __slots__ = ()

    def send(self) -> str:
        self.sent = True
        return self.wrapped("".join([child.send() for child in self.children]), f' id="{self.id}"')

    def bare(self) -> str:
        return self.wrapped("".join([child.bare() for child in self.children]), "")

    @abstractmethod
    def wrapped(self, inner: str, id_: str) -> str:
        """The element around `inner`; `id_` is its id attribute, or ""."""


class Quote(Wrapper):
    """A block quote; `alert` names the kind of one that is an alert."""

    __slots__ = ("alert",)

    def __init__(self, document: Document, parent: Container | None, alert: str = "") -> None:
        super().__init__(document, parent)
        self.alert = alert

    def wrapped(self, inner: str, id_: str) -> str:
        head = alert_head(self.alert, id_) if self.alert else f"<blockquote{id_}>"
        return f"{head}{inner}</blockquote>"


class List(Wrapper):
    """A list; `tight` until something shows that its items have paragraphs."""

    __slots__ = ("kind", "start", "tight")

    def __init__(self, document: Document, parent: Container | None, kind: str, start: int) -> None:
        super().__init__(document, parent)
        self.kind = kind
        self.start = start
        self.tight = True

    def loosen(self) -> None:
        """An empty line was inside: every item's own text becomes a paragraph."""
        if not self.tight:
            return
        self.tight = False
        for item in self.children:
            for block in item.children if isinstance(item, Item) else ():
                block.outdate()

    def wrapped(self, inner: str, id_: str) -> str:
        if self.kind in "-+*":
            return f"<ul{id_}>{inner}</ul>"
        start = "" if self.start == 1 else f' start="{self.start}"'
        return f"<ol{start}{id_}>{inner}</ol>"


class Item(Wrapper):
    """A list's item; `indent` is the column its content starts at."""

    __slots__ = ("indent",)

    def __init__(self, document: Document, parent: List, indent: int) -> None:
        super().__init__(document, parent)
        self.indent = indent

    @property
    def is_tight(self) -> bool:
        """Whether its own text stands without paragraphs."""
        return isinstance(self.parent, List) and self.parent.tight

    def wrapped(self, inner: str, id_: str) -> str:
        return f'<li dir="auto"{id_}>{inner}</li>'


class Footnote(Wrapper):
    """A footnote's text, where it was written."""

    __slots__ = ("head",)

    def __init__(self, document: Document, parent: Container | None, head: str) -> None:
        super().__init__(document, parent)
        self.head = head

    def wrapped(self, inner: str, id_: str) -> str:
        return f'<div class="footnote"{id_}>{self.head}{inner}</div>'


class Table(Container):
    """A table: its head, then a row at a time. `columns` are the columns' alignments."""

    __slots__ = ("columns", "head")

    def __init__(self, document: Document, parent: Container | None, columns: list[str]) -> None:
        super().__init__(document, parent)
        self.columns = columns
        self.head: Block | None = None

    @property
    def body(self) -> str:
        return f"{self.id}-r"

    def send(self) -> str:
        self.sent = True
        head = self.head.send() if self.head else ""
        rows = "".join([row.send() for row in self.children])
        return f'<div {TABLE} id="{self.id}"><table>{head}<tbody id="{self.body}">{rows}</tbody></table></div>'

    def bare(self) -> str:
        head = self.head.bare() if self.head else ""
        rows = "".join([row.bare() for row in self.children])
        return f"<div {TABLE}><table>{head}<tbody>{rows}</tbody></table></div>"
