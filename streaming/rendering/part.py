"""One part of an answer, text or thinking, as it grows. Knows markdown's ops, no message."""

from collections.abc import Iterator

from streaming.events import Part
from streaming.rendering.markdown import MarkdownStream
from streaming.rendering.ops import Op, fill
from streaming.rendering.shared import Shared

_shared = Shared(8 << 20)  # characters of HTML: the answers that people have open now


class PartView:
    """The text of one part. It is parsed only while somebody looks at it and it may still grow."""

    def __init__(self, id_: str, kind: Part, text: str = "", *, is_open: bool = True) -> None:
        self.id = id_
        self.kind = kind
        self._pieces = [text] if text else []
        self._is_open = is_open
        self._stream: MarkdownStream | None = None
        self._summary_is_due = False

    @property
    def text(self) -> str:
        """All of it."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def feed(self, delta: str) -> None:
        """More text."""
        self._pieces.append(delta)
        if self._stream is not None:
            self._stream.feed(delta)

    def close(self) -> None:
        """The part is complete."""
        self._is_open = False
        self._summary_is_due = self.kind == "thinking" and self._stream is not None
        if self._stream is not None:
            self._stream.close()

    def hide(self) -> None:
        """Nobody looks any more."""
        self._stream = None
        self._summary_is_due = False

    def html(self) -> str:
        """The whole element; `patch` goes on from here."""
        self._summary_is_due = False
        if self.kind == "text":
            return f'<div class="part prose" id="{self.id}">{self._content(self.id)}</div>'
        body = f"{self.id}-t"
        return (
            f'<details class="part thinking" id="{self.id}"><summary id="{self.id}-s">{self._summary}</summary>'
            f'<div class="prose" id="{body}">{self._content(body)}</div></details>'
        )

    def patch(self) -> Iterator[Op]:
        """What changed since the last `html` or `patch`."""
        if self._stream is None:
            return
        yield from self._stream.patch()
        if self._summary_is_due:
            self._summary_is_due = False
            yield fill(f"{self.id}-s", self._summary)
        if not self._is_open:
            self._stream = None

    @property
    def _summary(self) -> str:
        return "Thinking…" if self._is_open else "Thinking"

    def _content(self, prefix: str) -> str:
        if not self._is_open:
            self._stream = None
            return _finished(prefix, self.text)
        if self._stream is None:
            self._stream = MarkdownStream(prefix)
            self._stream.feed(self.text)
        return self._stream.html()


def _finished(prefix: str, text: str) -> str:
    """A finished text is rendered once for all its viewers."""
    return _shared.get((prefix, text), lambda: _rendered(prefix, text))


def _rendered(prefix: str, text: str) -> str:
    stream = MarkdownStream(prefix)
    stream.feed(text)
    stream.close()
    return stream.html()
