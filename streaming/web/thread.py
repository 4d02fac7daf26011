"""A conversation as the page opens with it: HTML and the cursor that fits it. Knows where both come from."""

from typing import Any

from django.utils.safestring import mark_safe

from streaming.models import Conversation, Person
from streaming.rendering import ConversationView
from streaming.rendering.load import load_thread
from streaming.web.build import build


def thread_context(conversation: Conversation, *, viewer: Person) -> dict[str, Any]:
    """The thread's part of the page's context. Raises `Conversation.DoesNotExist`."""
    snapshot, cursor = load_thread(conversation.pk, viewer.pk)
    html = ConversationView(snapshot, viewer=str(viewer.pk)).html()
    return {
        "thread": mark_safe(html),  # noqa: S308 - the renderer escapes and sanitises all it is given
        "cursor": str(cursor),
        "seq": cursor.seq,
        "build": build(),
    }
