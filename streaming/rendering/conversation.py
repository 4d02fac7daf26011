"""A conversation as one viewer sees it: a snapshot, then what events change. Knows no socket and no database."""

from collections.abc import Sequence
from itertools import pairwise

from streaming.events import MessageAdded, MessageRemoved, PathChosen, StreamingChunk, StreamingEvent
from streaming.rendering import words
from streaming.rendering.message import MessageView
from streaming.rendering.ops import Op, append, as_partials, fill, merged, replace
from streaming.rendering.snapshot import MessageState, ThreadSnapshot
from streaming.rendering.tree import Tree

THREAD = "thread"  # the id of the element that `html` fills


class ConversationView:
    """`html` at any moment and the patches after it make what `html` makes later, in any process.

    `viewer` is the person's id, as `path` events name people.
    """

    def __init__(self, snapshot: ThreadSnapshot, *, viewer: str) -> None:
        self._conversation = snapshot.conversation_id
        self._viewer = viewer
        self._tree = Tree()
        self._path: list[MessageView] = []
        self._shown: list[MessageView] = []
        self._changed: dict[MessageView, None] = {}
        self._tree_changed = True
        for state in snapshot.messages:
            self._tree.add(MessageView(state))
        self._tree.leaf = snapshot.leaf or self._tree.newest
        for event in snapshot.events:
            self.feed(event)

    def feed(self, event: StreamingEvent) -> None:
        """One event of the conversation's stream, in order."""
        data = event.data
        if event.run_id:
            message = self._tree.of_run(event.run_id)
            if message is not None:
                message.feed(event)
                self._changed[message] = None
                self._tree_changed = self._tree_changed or not isinstance(data, StreamingChunk)
            return
        match data:
            case MessageAdded():
                self._add(event, data)
            case MessageRemoved():
                self._tree.remove(data.id)
            case PathChosen() if data.person == self._viewer and self._tree.get(data.leaf):
                self._tree.leaf = data.leaf
            case _:
                return
        self._tree_changed = True

    def html(self) -> str:
        """The content of the thread's element; `patch` goes on from here."""
        self._settle()
        for message in self._shown:
            if message not in self._path:
                message.hide()
        self._shown = self._path
        self._changed.clear()
        return "".join([message.html() for message in self._shown])

    def patch(self) -> str:
        """Partials that bring a page with the last `html` or `patch` up to date; "" when nothing is to be seen."""
        if not self._changed and not self._tree_changed:
            return ""
        self._settle()
        ops: list[Op] = []
        kept = self._kept()
        for message in self._shown[kept:]:
            message.hide()
            ops.append(replace(f"m-{message.id}", ""))
        for message in self._path[:kept]:
            if message in self._changed:
                ops.extend(message.patch())
        ops.extend(append(THREAD, message.html()) for message in self._path[kept:])
        self._shown = self._path
        self._changed.clear()
        return as_partials(merged(ops))

    def catch_up(self, missed: Sequence[StreamingEvent]) -> str:
        """Partials that bring a page from before `missed` to this view, which has them; `patch` goes on from here.

        Whatever those events touched is sent whole, so nobody has to know how the page looked before.
        """
        html = self.html()
        added = {event.data.id for event in missed if isinstance(event.data, MessageAdded)}
        old = [message for message in self._path if message.id not in added]
        if self._path[: len(old)] != old or any(isinstance(e.data, PathChosen | MessageRemoved) for e in missed):
            return as_partials([fill(THREAD, html)])
        touched = self._touched_by(missed)
        ops = [replace(f"m-{message.id}", message.html()) for message in old if message.id in touched]
        ops += [append(THREAD, message.html()) for message in self._path[len(old) :]]
        return as_partials(merged(ops))

    def _touched_by(self, events: Sequence[StreamingEvent]) -> set[str]:
        """Messages that may look different for these events: what runs write, its question, versions beside."""
        touched: set[str] = set()
        for event in events:
            message = self._tree.of_run(event.run_id) if event.run_id else None
            if message is not None:
                touched |= {message.id, message.parent}
            elif isinstance(event.data, MessageAdded):
                touched |= {event.data.parent, *self._tree.children(event.data.parent)}
        for message, after in pairwise(self._path):
            if after.continues and message.id in touched:
                touched.add(after.id)
        return touched

    def _add(self, event: StreamingEvent, data: MessageAdded) -> None:
        state = MessageState(
            id=data.id,
            role=data.role,
            parent=data.parent,
            parts=(("text", data.text),) if data.text else (),
            run_id=data.run_id,
            model=data.model,
            state="queued" if data.role == "assistant" else "complete",
            waits=data.queued,
            author=data.author,
            sent_at=event.ts,
        )
        self._tree.add(MessageView(state))
        if data.parent == self._tree.leaf:
            self._tree.leaf = data.id

    def _kept(self) -> int:
        """How many articles of the page stay."""
        count = 0
        for shown, wanted in zip(self._shown, self._path, strict=False):
            if shown is not wanted:
                break
            count += 1
        return count

    def _settle(self) -> None:
        """Find the path and tell its messages what the tree means for them."""
        if not self._tree_changed:
            return
        self._tree_changed = False
        self._path = self._tree.path()
        held = ""
        for index, message in enumerate(self._path):
            after = self._path[index + 1] if index + 1 < len(self._path) else None
            siblings = held + words.siblings(self._conversation, self._tree.children(message.parent), message.id)
            is_continued = after is not None and after.continues
            siblings, held = ("", siblings) if is_continued else (siblings, "")  # they stand at the end of the whole
            is_waiting = message.role == "user" and self._is_in_line(message)
            place = siblings, is_continued, after is None, is_waiting
            if place != (message.siblings, message.is_continued, message.is_last, message.is_waiting):
                message.siblings, message.is_continued, message.is_last, message.is_waiting = place
                message.outdate()
                self._changed[message] = None

    def _is_in_line(self, question: MessageView) -> bool:
        """Whether an answer to it waits behind another run: one that is written anew waits for nobody."""
        answers = [self._tree.get(child) for child in self._tree.children(question.id)]
        return any(each is not None and each.waits and each.answer.state == "queued" for each in answers)
