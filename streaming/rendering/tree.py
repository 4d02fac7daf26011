"""The tree of a conversation's messages and the path one viewer looks at. Knows no HTML."""

from streaming.rendering.message import MessageView


class Tree:
    """Messages by age, and who hangs below whom."""

    def __init__(self) -> None:
        self.leaf = ""
        self._messages: dict[str, MessageView] = {}
        self._below: dict[str, list[str]] = {}
        self._by_run: dict[str, MessageView] = {}

    def add(self, message: MessageView) -> None:
        """A message joins; it becomes the leaf where its parent is."""
        if message.id in self._messages:
            return
        parent = self._messages.get(message.parent)
        message.continues = message.role == "assistant" and parent is not None and parent.role == "assistant"
        self._messages[message.id] = message
        self._below.setdefault(message.parent, []).append(message.id)
        if message.run_id:
            self._by_run[message.run_id] = message

    def remove(self, message_id: str) -> list[MessageView]:
        """A message and what hangs below it leave; who left."""
        message = self._messages.get(message_id)
        if message is None:
            return []
        gone = self._subtree(message_id)
        self._below[message.parent].remove(message_id)
        for each in gone:
            del self._messages[each.id]
            self._below.pop(each.id, None)
            self._by_run.pop(each.run_id, None)
        if any(each.id == self.leaf for each in gone):
            self.leaf = message.parent or self.newest
        return gone

    def get(self, message_id: str) -> MessageView | None:
        """The message with this id."""
        return self._messages.get(message_id)

    def of_run(self, run_id: str) -> MessageView | None:
        """The message that the run writes."""
        return self._by_run.get(run_id)

    def children(self, message_id: str) -> list[str]:
        """The ids of the messages right below, oldest first."""
        return self._below.get(message_id, [])

    @property
    def newest(self) -> str:
        """The id of the message that joined last, "" without any."""
        return next(reversed(self._messages), "")

    def path(self) -> list[MessageView]:
        """From the root to the leaf."""
        result: list[MessageView] = []
        message = self._messages.get(self.leaf)
        while message is not None:
            result.append(message)
            message = self._messages.get(message.parent)
        result.reverse()
        return result

    def _subtree(self, message_id: str) -> list[MessageView]:
        result = [self._messages[message_id]]
        for message in result:
            result.extend(self._messages[child] for child in self.children(message.id))
        return result
