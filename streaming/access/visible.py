"""What a person may see. Every view, socket and API starts here; knows no transport."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from streaming.models import Conversation, Message, Person, Run

Viewer = Person | AnonymousUser


def conversations_visible_to(person: Viewer) -> QuerySet[Conversation]:
    """The conversations `person` may read: one's own that are not deleted."""
    if not person.is_authenticated or not person.is_active:
        return Conversation.objects.none()
    return Conversation.objects.filter(owner_id=person.pk, deleted_at=None)


def messages_visible_to(person: Viewer) -> QuerySet[Message]:
    """The messages of those conversations that were not taken back."""
    return Message.objects.filter(conversation__in=conversations_visible_to(person), removed_at=None)


def runs_visible_to(person: Viewer) -> QuerySet[Run]:
    """The runs of those conversations."""
    return Run.objects.filter(conversation__in=conversations_visible_to(person))
