"""What a text defines for use elsewhere in it: link addresses and footnotes. Knows labels, no blocks."""

import re

from streaming.rendering import markup

_FOOTNOTE_MARK = re.compile(r"\[\^((?:[^\[\]\\]|\\.){1,999})\]")


def normalized(label: str) -> str:
    """`label` as references compare it."""
    return " ".join(label.split()).casefold()


class References:
    """The definitions so far, and rendering with them."""

    def __init__(self) -> None:
        self._links: dict[str, tuple[str, str]] = {}
        self._footnotes: set[str] = set()
        self._missing: set[str] = set()
        self._renderer = markup.Renderer(self._resolve)

    def render(self, source: str) -> tuple[str, set[str]]:
        """`source` as HTML, and the labels in it that nothing defines yet."""
        if "[" not in source:
            return self._renderer.render(source), set()
        self._missing = set()
        notes = self._known_footnotes(source) if "[^" in source else ""
        html = self._renderer.render(source + notes)
        return html.partition('<div class="footnote">')[0] if notes else html, self._missing

    def define_links(self, source: str) -> list[str]:
        """Take the link definitions in `source`; the labels that are new. The first definition of a label holds."""
        new = []
        for label, link in markup.definitions(source).items():
            key = normalized(label)
            if key not in self._links:
                self._links[key] = link
                new.append(key)
        return new

    def define_footnote(self, label: str) -> str:
        """Take a footnote's label; what blocks that mention it wait for."""
        self._footnotes.add(normalized(label))
        return f"^{normalized(label)}"

    def _known_footnotes(self, source: str) -> str:
        labels = {match[1] for match in _FOOTNOTE_MARK.finditer(source)}
        known = [label for label in sorted(labels) if normalized(label) in self._footnotes]
        self._missing.update(f"^{normalized(label)}" for label in labels if normalized(label) not in self._footnotes)
        return "".join(f"\n\n[^{label}]: x" for label in known)

    def _resolve(self, label: str) -> tuple[str, str] | None:
        link = self._links.get(normalized(label))
        if link is None:
            self._missing.add(normalized(label))
        return link
