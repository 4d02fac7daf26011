"""Who may follow a conversation: asked before a stream is accepted and again while it runs. Knows no transport.

Blocking; call it through `in_database`.
"""

from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import cast

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from streaming.access import Viewer, conversations_visible_to
from streaming.models import Conversation, Person
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
    session = _session(session_key)
    person = _person_of(session)
    if not person.is_authenticated:
        raise StreamClosedError(CloseCode.DEACTIVATED if is_of_deactivated(session) else CloseCode.SIGNED_OUT)
    found = conversations_visible_to(person).select_related("stream").filter(pk=conversation_id).first()
    if found is None:
        there = Conversation.objects.filter(pk=conversation_id, deleted_at=None).exists()
        raise StreamClosedError(CloseCode.ACCESS_LOST if there else CloseCode.GONE)
    stream = found.stream
    return Admission(found.pk, person.pk, person.pace, stream.pk, stream.epoch, stream.last_seq)


def person_of_session(session_key: str) -> Viewer:
    """Who is signed in under this key now: nobody when it expired, was ended, or the account was closed."""
    return _person_of(_session(session_key))


def is_of_deactivated(session: SessionBase) -> bool:
    """Whether somebody was signed in here whose account was deactivated."""
    person_id = session.get(SESSION_KEY)
    return person_id is not None and Person.objects.filter(pk=person_id, is_active=False).exists()


def _session(session_key: str) -> SessionBase:
    return cast("SessionBase", import_module(settings.SESSION_ENGINE).SessionStore(session_key or None))


def _person_of(session: SessionBase) -> Viewer:
    return get_user(cast("HttpRequest", SimpleNamespace(session=session)))
