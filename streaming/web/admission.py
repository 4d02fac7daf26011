"""Who may follow a conversation: asked before a stream is accepted and again while it runs. Knows no transport.

Blocking; call it through `in_database`.
"""

from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import cast

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from streaming.access import Viewer, conversations_visible_to
from streaming.models import Conversation
from streaming.transport.closing import CloseCode, StreamClosedError


@dataclass(frozen=True, slots=True)
class Admission:
    """A person who may follow a conversation now, and where its stream stands."""

    conversation_id: str
    person_id: int
    pace: str
    stream_id: int
    epoch: str
    head: int


def admit(session_key: str, conversation_id: str) -> Admission:
    """Raises `StreamClosedError` with the code that says why not."""
    person = person_of_session(session_key)
    if not person.is_authenticated:
        raise StreamClosedError(CloseCode.SIGNED_OUT)
    found = conversations_visible_to(person).select_related("stream").filter(pk=conversation_id).first()
    if found is None:
        there = Conversation.objects.filter(pk=conversation_id, deleted_at=None).exists()
        raise StreamClosedError(CloseCode.ACCESS_LOST if there else CloseCode.GONE)
    stream = found.stream
    return Admission(found.pk, person.pk, person.pace, stream.pk, stream.epoch, stream.last_seq)


def person_of_session(session_key: str) -> Viewer:
    """Who is signed in under this key now: nobody when it expired, was ended, or the account was closed."""
    store = import_module(settings.SESSION_ENGINE).SessionStore(session_key or None)
    return get_user(cast("HttpRequest", SimpleNamespace(session=store)))
