"""How every action on a conversation is carried out: under its stream's lock, its events in its transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from streaming.errors import InvalidInputError
from streaming.events import EventData
from streaming.log import append_events, prepare
from streaming.models import Conversation
from streaming.runs.ending import lock_stream, now_ms, ring_on_commit

GONE = "This chat was deleted. Start a new one; the text you wrote is still in the box."

# Plain SQL, here and elsewhere on a prompt's way to its model: docs/decisions/0010
_PRESENT = "SELECT * FROM streaming_conversation WHERE id = %s AND deleted_at IS NULL"


class Action:
    """One transaction on a conversation. What `tell` was given is appended when it ends, and rung after commit."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self._told: list[EventData] = []

    def tell(self, *events: EventData) -> None:
        """Say what the action did."""
        self._told += events

    def write(self) -> None:
        """Append what was told."""
        if not self._told:
            return
        stream_id = self.conversation.stream_id
        now = now_ms()
        epoch, events = append_events(stream_id, [prepare(data, ts=now) for data in self._told])
        ring_on_commit(stream_id, epoch, events)


@contextmanager
def acting_on(conversation: Conversation) -> Iterator[Action]:
    """Lock the conversation, give its present state, write what happened. Raises `InvalidInputError` if it is gone."""
    with transaction.atomic():
        lock_stream(conversation.stream_id)
        found = Conversation.objects.raw(_PRESENT, [conversation.pk])
        if not found:
            raise InvalidInputError(GONE)
        action = Action(found[0])
        yield action
        action.write()
