"""Rename and delete conversations. Knows no message."""

from django.utils import timezone

from streaming.chats.acting import acting_on
from streaming.errors import InvalidInputError
from streaming.events import ConversationChanged, defined_text
from streaming.models import Conversation, Person, Run
from streaming.runs import stop_run

MAX_TITLE = 200


def rename_conversation(conversation: Conversation, *, title: str) -> str:
    """Give it a title; the title as stored. Raises `InvalidInputError`."""
    title = " ".join(defined_text(title).split())
    if not title:
        raise InvalidInputError("A title needs at least one letter.")
    if len(title) > MAX_TITLE:
        raise InvalidInputError(f"A title has at most {MAX_TITLE} characters.")
    with acting_on(conversation) as action:
        Conversation.objects.filter(pk=conversation.pk).update(title=title)
        action.tell(ConversationChanged(title=title))
    return title


def delete_conversation(conversation: Conversation, *, by: Person) -> None:
    """Stop its runs and take it away from everybody who looks at it."""
    with acting_on(conversation) as action:
        Conversation.objects.filter(pk=conversation.pk).update(deleted_at=timezone.now())
        for run in Run.objects.filter(conversation=conversation, state__in=Run.LIVE).order_by("id"):
            stop_run(run, by=by)
        action.tell(ConversationChanged(deleted=True))
