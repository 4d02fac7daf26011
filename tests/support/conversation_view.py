"""One question, its view and its page, and what later events make of them."""

from streaming.rendering import ConversationView
from tests.support.dom import Page
from tests.support.history import ME, Writer


def view_of(writer: Writer) -> tuple[ConversationView, Page]:
    view = ConversationView(writer.snapshot(), viewer=ME)
    return view, Page("thread", view.html())


def later(writer: Writer, view: ConversationView, page: Page, seen: int) -> Page:
    for event in writer.events[seen:]:
        view.feed(event)
    page.apply(view.patch())
    return page


def asked(text: str = "Hi") -> tuple[Writer, str, str]:
    writer = Writer()
    run = writer.ask(text)
    return writer, run, writer.runs[run]
