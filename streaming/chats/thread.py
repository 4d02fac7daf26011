"""Read a whole conversation and the cursor that fits it, from one view of the database. Renders nothing."""

from dataclasses import dataclass

from django.db import transaction

from streaming.chats.paths import leaf_of
from streaming.events import StreamingEvent
from streaming.log import Cursor, position, read_all
from streaming.log.read import READER, first_seq_of
from streaming.models import Conversation, Message, Person, Run


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation at `cursor`: its messages by age, their runs, and the events of runs that are being written."""

    conversation: Conversation
    messages: tuple[Message, ...]
    runs: dict[str, Run]  # by message id
    events: tuple[StreamingEvent, ...]
    leaf: str
    cursor: Cursor


def read_thread(conversation_id: str, *, viewer: Person) -> Thread:
    """What `viewer`, who may see it, sees of the conversation now. Raises `Conversation.DoesNotExist`."""
    with transaction.atomic(using=READER):
        conversation = Conversation.objects.using(READER).get(pk=conversation_id, deleted_at=None)
        head = position(conversation.stream_id).head
        messages = Message.objects.using(READER).filter(conversation=conversation, removed_at=None).order_by("id")
        runs = Run.objects.using(READER).filter(conversation=conversation).exclude(message=None)
        by_message = {str(run.message_id): run for run in runs}
        live = [run for run in by_message.values() if run.state in Run.LIVE and run.attempt]
        leaf = leaf_of(conversation, viewer, using=READER)
        return Thread(
            conversation,
            tuple(messages),
            by_message,
            _events_of(conversation.stream_id, live, head.seq),
            leaf.pk if leaf else "",
            head,
        )


def _events_of(stream_id: int, live: list[Run], until: int) -> tuple[StreamingEvent, ...]:
    """What the live runs have said, in order. Their rows are single ones: a stretch is packed after its runs ended."""
    wanted = {run.pk for run in live}
    firsts = [first for run in live if (first := first_seq_of(run.pk))]
    if not firsts:
        return ()
    return tuple(event for event in read_all(stream_id, min(firsts) - 1, until) if event.run_id in wanted)
