"""The pages one chats on. Knows how a conversation is shown whole; its growth is the socket's business."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from streaming.access import conversations_visible_to
from streaming.models import Conversation
from streaming.web.composing import composer_context
from streaming.web.layout import render_page
from streaming.web.members import person_of, signed_in
from streaming.web.sidebar import list_chats, running_chats_of
from streaming.web.thread import thread_context


@require_safe
@signed_in
def new_chat(request: HttpRequest) -> HttpResponse:
    """An empty chat: nothing exists before the first prompt is sent."""
    return render_page(request, "streaming/conversation/new.html", composer_context(person_of(request)), place="new")


@require_safe
@signed_in
def conversation(request: HttpRequest, conversation_id: str) -> HttpResponse:
    """A conversation as it is now, with the cursor to go on from."""
    person = person_of(request)
    found = get_object_or_404(conversations_visible_to(person), pk=conversation_id)
    try:
        context = thread_context(found, viewer=person)
    except Conversation.DoesNotExist as error:  # deleted since the line above
        raise Http404 from error
    return render_page(
        request,
        "streaming/conversation/page.html",
        context | composer_context(person, model=found.model),
        conversation=found,
    )


@require_safe
@signed_in
def older_chats(request: HttpRequest) -> HttpResponse:
    """The next part of the list of chats."""
    chats = list_chats(person_of(request), before=request.GET.get("before", ""))
    return render(request, "streaming/conversation/list.html", {"chats": chats, "conversation": None})


@require_safe
@signed_in
def running_chats(request: HttpRequest) -> HttpResponse:
    """The ids of the chats that are being answered, for the marks in the list."""
    return JsonResponse({"running": running_chats_of(person_of(request))})
