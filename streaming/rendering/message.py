"""One message as an article: its parts as they grow, and what stands around them. Knows no tree."""

from collections.abc import Callable, Iterator

from streaming.events import (
    Cancelled,
    Complete,
    Failed,
    Interrupted,
    Metadata,
    Start,
    StreamingChunk,
    StreamingEvent,
    ToolCall,
    ToolResult,
)
from streaming.rendering import words
from streaming.rendering.answer import Answer, joined
from streaming.rendering.escaping import escape, escape_attribute
from streaming.rendering.ops import Op, append, fill, relabel
from streaming.rendering.part import PartView
from streaming.rendering.snapshot import MessageState, MessageStatus


class MessageView:
    """A message that `html` shows and `patch` keeps up to date.

    The tree sets `siblings` (the HTML of the choice between versions, also of those it goes on from),
    `is_continued`, `is_last` and, for a question, `is_waiting`; it calls `outdate` when it does.
    """

    def __init__(self, begun: MessageState) -> None:
        self.id = begun.id
        self.role = begun.role
        self.parent = begun.parent
        self.run_id = begun.run_id
        self.waits = begun.waits
        self.siblings = ""
        self.continues = False
        self.is_continued = False
        self.is_last = False
        self.is_waiting = False
        self.answer = Answer(begun)
        self._name = f"m-{begun.id}"
        self._text = "".join(text for _, text in begun.parts) if begun.role == "user" else ""
        self._parts = [] if begun.role == "user" else self._begun(begun)
        self._sent_parts = 0
        self._body_is_outdated = False
        self._outdated = False
        self._sent: dict[str, str] = {}
        self._sent_article = ""

    @property
    def state(self) -> MessageStatus:
        """As the article's `data-state` says it."""
        if self.role == "user":
            return "queued" if self.is_waiting else "complete"
        return self.answer.state

    @property
    def has_text(self) -> bool:
        """Whether the answer itself has begun."""
        return any(part.kind == "text" for part in self._parts)

    def outdate(self) -> None:
        """Something around the text may have changed."""
        self._outdated = True

    def feed(self, event: StreamingEvent) -> None:
        """An event of the message's run."""
        if not self.answer.accepts(event):
            return
        data = event.data
        if isinstance(data, StreamingChunk):
            self._chunk(event, data)
            return
        self._outdated = True
        match data:
            case Start():
                self.answer.start(event, data)
                if self._parts:
                    self._parts, self._sent_parts = [], 0
                    self._body_is_outdated = True
            case Metadata():
                self.answer.know(data)
            case ToolCall():
                self.answer.call(data)
            case ToolResult():
                self.answer.result(data)
            case Complete() | Cancelled() | Failed() | Interrupted():
                if self._parts:
                    self._parts[-1].close()
                self.answer.end(data)

    def html(self) -> str:
        """The whole article; `patch` goes on from here."""
        self._outdated = self._body_is_outdated = False
        self._sent_parts = len(self._parts)
        self._sent_article = self._article()
        self._sent = {name: make(self) for name, make in _SECTIONS.items()}
        sections = "".join(
            f'<div class="message__{name}" id="{self._name}-{name}">{html}</div>' for name, html in self._sent.items()
        )
        body = f'<div class="message__body" id="{self._name}-body"{self._direction}>{self._body()}</div>'
        return f"{self._sent_article}{body}{sections}</article>"

    def patch(self) -> Iterator[Op]:
        """What changed since the last `html` or `patch`."""
        yield from self._patch_body()
        if not self._outdated:
            return
        self._outdated = False
        article = self._article()
        if article != self._sent_article:
            self._sent_article = article
            yield relabel(self._name, f"{article}</article>")
        for name, make in _SECTIONS.items():
            html = make(self)
            if html != self._sent[name]:
                self._sent[name] = html
                yield fill(f"{self._name}-{name}", html)

    def hide(self) -> None:
        """The article was taken off the page."""
        for part in self._parts:
            part.hide()

    def _chunk(self, event: StreamingEvent, data: StreamingChunk) -> None:
        if self.answer.chunk(event.ts, data):
            self._outdated = True
        part = self._parts[-1] if self._parts else None
        if part is None or part.kind != data.part:
            if part is not None:
                part.close()
            part = PartView(f"{self._name}-p{len(self._parts)}", data.part)
            self._parts.append(part)
        part.feed(data.delta)

    def _patch_body(self) -> Iterator[Op]:
        if self._body_is_outdated:
            self._body_is_outdated = False
            self._sent_parts = len(self._parts)
            yield fill(f"{self._name}-body", self._body())
            return
        for part in self._parts[max(self._sent_parts - 1, 0) : self._sent_parts]:
            yield from part.patch()
        for part in self._parts[self._sent_parts :]:
            yield append(f"{self._name}-body", part.html())
        self._sent_parts = len(self._parts)

    def _body(self) -> str:
        if self.role == "user":
            return escape(self._text)
        return "".join([part.html() for part in self._parts])

    def _article(self) -> str:
        joins = " data-continues" if self.continues else ""
        return (
            f'<article class="message" id="{self._name}" data-role="{self.role}" data-state="{self.state}" '
            f'data-run="{escape_attribute(self.run_id)}"{joins} hx-morph-skip-children>'
        )

    @property
    def _direction(self) -> str:
        return ' dir="auto"' if self.role == "user" else ""

    def _begun(self, begun: MessageState) -> list[PartView]:
        return [
            PartView(f"m-{begun.id}-p{index}", kind, text, is_open=False)
            for index, (kind, text) in enumerate(joined(begun.parts))
        ]

    def tools(self) -> str:
        """Cards of tool calls."""
        return words.tools(self.answer, f"{self._name}-tool")

    def notice(self) -> str:
        """What happened, if anything did."""
        if self.role == "user":
            return ""
        return words.notice(
            self.answer, self.run_id, has_text=self.has_text, is_continued=self.is_continued, is_last=self.is_last
        )

    def status(self) -> str:
        """The quiet line."""
        if self.role == "user":
            return "waits for the answer before it" if self.is_waiting else ""
        if self.is_continued:
            return ""
        return words.status(self.answer, waits=self.waits)

    def actions(self) -> str:
        """Buttons."""
        if self.role == "user":
            return words.question_actions(self.id, is_waiting=self.is_waiting) + self.siblings
        if self.is_continued:
            return ""
        return (
            words.answer_actions(self.answer, self.run_id, has_text=self.has_text, is_last=self.is_last) + self.siblings
        )


_SECTIONS: dict[str, Callable[[MessageView], str]] = {
    "tools": MessageView.tools,
    "notice": MessageView.notice,
    "status": MessageView.status,
    "actions": MessageView.actions,
}
