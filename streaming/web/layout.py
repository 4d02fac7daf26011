"""What every page with the sidebar shows around its content. Knows the frame; knows no content."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from streaming.models import Conversation, Theme
from streaming.web.members import person_of
from streaming.web.sidebar import list_chats


def render_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    place: str = "",
    conversation: Conversation | None = None,
    status: int = 200,
) -> HttpResponse:
    """`template` inside the frame; `place` or `conversation` is what the sidebar marks as current."""
    person = person_of(request)
    around = {
        "person": person,
        "theme": "" if person.theme == Theme.SYSTEM else person.theme,
        "sidebar_state": "closed" if request.COOKIES.get("sidebar") == "closed" else "open",
        "chats": list_chats(person),
        "place": place,
        "conversation": conversation,
    }
    return render(request, template, around | (context or {}), status=status)
