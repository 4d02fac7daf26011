"""A small DOM: parses fragments, applies partials as htmx 4.0.1 does. Shares no code with streaming."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"br", "hr", "input", "img"}


class Element:
    def __init__(self, name: str, attributes: dict[str, str | None]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element | str] = []
        self.parent: Element | None = None

    def add(self, child: Element | str) -> None:
        if isinstance(child, Element):
            child.parent = self
        self.children.append(child)

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def walk(self):
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def find(self, id_: str) -> Element | None:
        found = [element for element in self.walk() if element.attributes.get("id") == id_]
        assert len(found) <= 1, f"{id_} is there {len(found)} times"
        return found[0] if found else None

    def all(self, name: str) -> list[Element]:
        return [element for element in self.walk() if element.name == name]

    def merged(self) -> list[Element | str]:
        """The children with neighbouring text as one."""
        result: list[Element | str] = []
        for child in self.children:
            if isinstance(child, str) and result and isinstance(result[-1], str):
                result[-1] += child
            elif child != "":
                result.append(child)
        return result

    def shape(self):
        """Everything, ids included, exactly: comparable and readable."""
        return (
            self.name,
            tuple(sorted(self.attributes.items())),
            tuple(child if isinstance(child, str) else child.shape() for child in self.merged()),
        )


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("#root", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {self.get_starttag_text()}"
        element = Element(tag, dict(attrs))
        self.open[-1].add(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].name == tag, f"</{tag}> closes <{self.open[-1].name}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].add(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data!r}")

    handle_decl = handle_pi = unknown_decl = handle_comment


def parse(html: str) -> Element:
    """`html` as a fragment; it must be well formed. Carriage returns become line feeds, as in a browser."""
    builder = _Builder()
    builder.feed(html.replace("\r\n", "\n").replace("\r", "\n"))
    builder.close()
    assert builder.open == [builder.root], f"<{builder.open[-1].name}> is not closed"
    return builder.root


_PARTIAL = re.compile(r'<hx-partial hx-target="#([A-Za-z][\w-]*)" hx-swap="(\w+)">(.*?)</hx-partial>', re.DOTALL)


class Page:
    """An element with an id, changed by frames of partials."""

    def __init__(self, id_: str, html: str = "") -> None:
        self.root = Element("div", {"id": id_})
        for child in parse(html).children:
            self.root.add(child)

    def apply(self, frame: str) -> None:
        """Apply a frame. Its targets are looked up before anything is swapped, as htmx does."""
        tasks = []
        end = 0
        for match in _PARTIAL.finditer(frame):
            assert match.start() == end, f"between partials: {frame[end : match.start()]!r}"
            end = match.end()
            target = self.root.find(match[1])
            assert target is not None, f"no element with the id {match[1]}"
            tasks.append((target, match[2], parse(match[3]).children))
        assert end == len(frame), f"behind partials: {frame[end:]!r}"
        for target, swap, nodes in tasks:
            self._swap(target, swap, nodes)
        ids = [element.attributes["id"] for element in self.root.walk() if "id" in element.attributes]
        assert len(ids) == len(set(ids)), "an id twice"

    def _swap(self, target: Element, swap: str, nodes: list[Element | str]) -> None:
        assert self._is_attached(target), f"{target.attributes} was replaced in the same frame"
        if swap == "outerHTML":
            parent = target.parent
            assert parent is not None
            at = parent.children.index(target)
            parent.children[at : at + 1] = nodes
            for node in nodes:
                if isinstance(node, Element):
                    node.parent = parent
            return
        if swap == "outerMorph":
            (element,) = nodes
            assert isinstance(element, Element)
            assert element.name == target.name
            assert element.attributes["id"] == target.attributes["id"]
            assert "hx-morph-skip-children" in target.attributes
            assert not element.children
            target.attributes = dict(element.attributes)
            return
        assert swap in ("innerHTML", "beforeend"), swap
        if swap == "innerHTML":
            target.children = []
        for node in nodes:
            target.add(node)

    def _is_attached(self, element: Element) -> bool:
        while element.parent is not None:
            element = element.parent
        return element is self.root


_FLOW = {"#root", "div", "ul", "ol", "li", "blockquote", "table", "thead", "tbody", "tr", "figure", "pre"}


def content(element: Element):
    """What a reader sees: shape without ids, without bare wrappers and the line feeds between blocks."""
    return (element.name, _attributes(element), tuple(_contents(element)))


def _attributes(element: Element):
    return tuple(sorted((name, value) for name, value in element.attributes.items() if name != "id"))


def _contents(element: Element):
    flat = Element(element.name, {})
    _flatten(element, flat)
    children = flat.merged()
    for index, child in enumerate(children):
        if not isinstance(child, str):
            yield content(child)
            continue
        before = children[index - 1] if index else None
        after = children[index + 1] if index + 1 < len(children) else None
        text = _visible(element.name, child, begins=not isinstance(before, str), ends=not isinstance(after, str))
        if text:
            yield text.replace("\r\n", "\n").replace("\r", "\n")


def _visible(name: str, text: str, *, begins: bool, ends: bool) -> str:
    if name in _FLOW and begins:
        text = text.lstrip("\n")
    return text.rstrip("\n") if name in _FLOW and ends else text


def _flatten(element: Element, into: Element) -> None:
    for child in element.children:
        if isinstance(child, Element) and child.name in ("div", "span") and not _attributes(child):
            _flatten(child, into)
        elif isinstance(child, str):
            into.children.append(child)
        else:
            into.children.append(child)
