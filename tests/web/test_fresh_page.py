"""Whatever happens in a chat: a page that followed it, or missed a part of it, is what a fresh page would be.

Real actions on real tables, claims and commits as an engine makes them; the pages are opened, resumed and patched by
the product's own steps. Only the browser is a small model of one (tests/support/dom.py).
"""

import contextlib
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streaming.chats import choose_path, continue_answer, remove_message, rename_conversation, retry_answer, send_prompt
from streaming.errors import StreamingError
from streaming.events import (
    Cancelled,
    Complete,
    EventData,
    Failed,
    Metadata,
    Start,
    StreamingChunk,
    ToolCall,
    ToolResult,
    Usage,
)
from streaming.log import Appended, Cursor, read_all
from streaming.models import Conversation, Engine, Message, Person, Run
from streaming.rendering import ConversationView
from streaming.runs import stop_run
from streaming.runs.answer import Answer
from streaming.runs.claim import Claim, claim_runs
from streaming.runs.commit import Saying, commit
from streaming.runs.lease import register_engine
from streaming.runs.reap import reap_orphans
from streaming.web.admission import Admission
from streaming.web.opening import open_view
from tests.support.dom import Page
from tests.support.rows import a_chat, a_person, batch

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])

TEXTS = [
    "Hi ",
    "**b",
    "old** ",
    "\n\n",
    "- a\n",
    "```py\nx = 1\n",
    "```\n",
    "<b>&",
    "| a |\n|-|\n",
    "[a]: http://x.y\n",
]
QUESTIONS = ["Hi", "<b>\r\n x & y", "</hx-partial>", "two\nlines "]
ENDS: list[EventData] = [
    Complete("stop"),
    Complete("length"),
    Cancelled(by="ada"),
    Failed("upstream", "The model's server gave an <error>.", retryable=True, detail="500 <b>"),
]
ACTIONS = [
    *(["claim", "follow", "resume"] * 3),
    *(["speak"] * 6),
    *(["end"] * 3),
    *("ask", "ask", "retry", "continue", "choose", "take back", "stop", "die", "tool", "rename", "open", "check"),
]


@dataclass
class Writer:
    """One claimed run."""

    claim: Claim
    n: int = 0
    answer: Answer = field(default_factory=Answer)


@dataclass
class Tab:
    """A page somebody opened: where it stands, what it shows, and the server's view of it."""

    page: Page
    view: ConversationView
    cursor: Cursor


class Chat:
    """One chat, its owner, an engine and the owner's tabs."""

    def __init__(self) -> None:
        self.owner: Person = a_person()
        self.engine: Engine = register_engine(capacity=100)
        sent = a_chat(self.owner)
        self.conversation: Conversation = sent.message.conversation
        self.writers: dict[str, Writer] = {}
        self.ts = 2_000_000_000_000
        self.tabs = [self.opened(), self.opened()]

    @property
    def admission(self) -> Admission:
        stream = self.conversation.stream
        return Admission(self.conversation.pk, self.owner.pk, "", stream.pk, stream.epoch, 0)

    def opened(self) -> Tab:
        opening = open_view(self.admission, None)
        return Tab(Page("thread", opening.content), opening.view, opening.cursor)

    def resume(self, tab: Tab) -> None:
        """The tab comes back after it missed something."""
        opening = open_view(self.admission, tab.cursor)
        assert opening.resumed
        tab.page.apply(opening.content)
        tab.view, tab.cursor = opening.view, opening.cursor
        assert tab.view.patch() == ""

    def follow(self, tab: Tab, limit: int) -> None:
        """The tab is sent a frame of at most `limit` events."""
        stream = self.conversation.stream
        for event in read_all(stream.pk, tab.cursor.seq, tab.cursor.seq + limit):
            tab.view.feed(event)
            tab.cursor = Cursor(stream.epoch, event.seq, event.ts)
        tab.page.apply(tab.view.patch())
        assert tab.view.patch() == ""

    def messages(self, **wanted: object) -> list[Message]:
        found = Message.objects.filter(conversation=self.conversation, removed_at=None, **wanted)
        return list(found.order_by("id"))

    def runs(self, *states: str) -> list[Run]:
        found = Run.objects.filter(conversation=self.conversation, state__in=states, message__removed_at=None)
        return list(found.select_related("message__conversation").order_by("id"))

    def claim(self) -> None:
        for claim in claim_runs(self.engine.pk, room=1):
            self.writers[claim.run_id] = Writer(claim)

    def say(self, writer: Writer, *said: EventData, terminal: EventData | None = None) -> None:
        """Commit as an engine does: `start` first, the times and the state with the end."""
        self.ts += 100
        if not writer.answer.has_begun:
            said = (Start(model="m1"), *said)
        if terminal is not None and not writer.answer.has_begun:
            writer.answer.add(self.ts, said[0])
            times, writer.answer = writer.answer.times(self.ts), Answer()
            said = (*said, times, terminal)
        elif terminal is not None:
            said = (*said, writer.answer.times(self.ts), terminal)
        given = batch(writer.claim, writer.n, *said, ts=self.ts)
        for (event, _), data in zip(given.items, said, strict=True):
            writer.answer.add(event.ts, data)
        (outcome,) = commit([Saying(given, terminal, writer.answer if terminal else None)])
        assert isinstance(outcome, Appended), outcome
        writer.n += len(said)
        if terminal is not None:
            del self.writers[writer.claim.run_id]

    def die(self) -> None:
        """The engine is killed; another one takes over."""
        self.engine = register_engine(capacity=100)
        self.writers.clear()
        reap_orphans(reaper=self.engine.pk, sole=True)


def picked[T](options: list[T], which: int) -> T | None:
    return options[which % len(options)] if options else None


def act(chat: Chat, action: str, which: int) -> None:  # noqa: C901, PLR0912 - one arm for each thing that may happen
    """One thing that may happen now; nothing where it cannot."""
    tab = chat.tabs[which % len(chat.tabs)]
    writer = picked(list(chat.writers.values()), which)
    match action:
        case "ask":
            send_prompt(chat.conversation, author=chat.owner, text=QUESTIONS[which % len(QUESTIONS)])
        case "claim":
            chat.claim()
        case "speak" if writer:
            part = "thinking" if which % 7 == 0 else "text"
            chat.say(writer, StreamingChunk(TEXTS[which % len(TEXTS)], part))
        case "tool" if writer:
            call, result = ToolCall("t1", "search", '{"q": "<x>"}', "executing"), ToolResult("t1", "search", [3], ms=9)
            chat.say(writer, call, *([result] if which % 2 else []))
        case "end" if writer:
            known = [Metadata("m2", "", Usage(9, 42))] if which % 3 else []
            chat.say(writer, *known, terminal=ENDS[which % len(ENDS)])
        case "stop" if run := picked(chat.runs(*Run.LIVE), which):
            stop_run(run, by=chat.owner)
            if run.pk in chat.writers:
                chat.say(chat.writers[run.pk], terminal=Cancelled(by="ada"))
        case "die":
            chat.die()
        case "retry" if run := picked(chat.runs(*Run.ENDED), which):
            retry_answer(run, by=chat.owner)
        case "continue" if run := picked(chat.runs(*Run.ENDED), which):
            continue_answer(run, by=chat.owner)
        case "choose" if message := picked(chat.messages(), which):
            choose_path(chat.conversation, person=chat.owner, leaf=message.pk)
        case "take back" if message := picked(chat.messages(role=Message.Role.USER), which):
            remove_message(message, by=chat.owner)
        case "rename":
            rename_conversation(chat.conversation, title="Another <title>")
        case "follow":
            chat.follow(tab, 1 + which % 9)
        case "resume":
            chat.resume(tab)
        case "check":
            check(chat)
        case "open" if len(chat.tabs) < 4:
            chat.tabs.append(chat.opened())


@settings(max_examples=60, deadline=None)
@example(steps=[("ask", 0), ("stop", 1), ("retry", 0)])  # waits in line no more, whoever looks
@given(steps=st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 10**6)), max_size=45))
def test_page_with_all_events_is_a_fresh_page(steps: list[tuple[str, int]]) -> None:
    chat = Chat()
    for action, which in steps:
        with contextlib.suppress(StreamingError):  # refused: it changes nothing
            act(chat, action, which)
    check(chat)


def check(chat: Chat) -> None:
    """Half of the tabs are sent what is new, the others come back to it."""
    fresh = chat.opened()
    for index, tab in enumerate(chat.tabs):
        if index % 2:
            chat.follow(tab, 10**6)
        else:
            chat.resume(tab)
        assert tab.cursor == fresh.cursor
        assert tab.page.root.shape() == fresh.page.root.shape()
        assert Page("thread", tab.view.html()).root.shape() == fresh.page.root.shape()
