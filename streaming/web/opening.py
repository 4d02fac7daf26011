"""Bring a page that has a cursor to the present, from one view of the database. Blocking; knows no connection."""

from dataclasses import dataclass

from django.db import transaction

from streaming.log import Cursor, can_resume, read_all
from streaming.log.read import READER
from streaming.rendering import ConversationView
from streaming.rendering.load import load_thread
from streaming.web.admission import Admission


@dataclass(frozen=True, slots=True)
class Opening:
    """A view at `cursor` and the HTML that brings a page there.

    `resumed`: partials for a page that stood at the cursor it named; otherwise the whole thread.
    """

    view: ConversationView
    cursor: Cursor
    resumed: bool
    content: str


def open_view(admission: Admission, cursor: Cursor | None) -> Opening:
    """Raises `Conversation.DoesNotExist`, `StreamGoneError`, and what the database or the renderer raise."""
    with transaction.atomic(using=READER):
        snapshot, now = load_thread(admission.conversation_id, admission.person_id)
        resumed = cursor is not None and cursor.seq <= now.seq and can_resume(admission.stream_id, cursor)
        missed = read_all(admission.stream_id, cursor.seq, now.seq) if cursor is not None and resumed else []
        if cursor is not None and len(missed) != now.seq - cursor.seq:
            resumed = False  # never a silent hole, whatever went wrong with the log
    view = ConversationView(snapshot, viewer=str(admission.person_id))
    if resumed and not missed:
        view.html()  # the page has it; patches go on from here
        return Opening(view, now, resumed=True, content="")
    return Opening(view, now, resumed, view.catch_up(missed) if resumed else view.html())
