"""Rename, delete, look at another branch. Knows the forms; the chat does the rest."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from streaming import chats
from streaming.access import conversations_visible_to, messages_visible_to
from streaming.models import Conversation
from streaming.web.members import person_of, signed_in
from streaming.web.problems import explained


@require_POST
@signed_in
@explained
def rename_conversation(request: HttpRequest, conversation_id: str) -> HttpResponse:
    """Give it another title."""
    chats.rename_conversation(_own(request, conversation_id), title=request.POST.get("title", ""))
    return redirect("conversation", conversation_id)


@require_POST
@signed_in
@explained
def delete_conversation(request: HttpRequest, conversation_id: str) -> HttpResponse:
    """Take it away."""
    conversation = _own(request, conversation_id)
    chats.delete_conversation(conversation, by=person_of(request))
    messages.success(request, f"“{conversation}” was deleted.")
    return redirect("new_chat")


@require_POST
@signed_in
@explained
def remove_message(request: HttpRequest, message_id: str) -> HttpResponse:
    """Take a waiting prompt back."""
    message = get_object_or_404(messages_visible_to(person_of(request)), pk=message_id)
    chats.remove_message(message, by=person_of(request))
    return HttpResponse(status=204)


@require_POST
@signed_in
@explained
def choose_path(request: HttpRequest, conversation_id: str) -> HttpResponse:
    """Look at the branch that goes through the message `leaf`."""
    conversation = _own(request, conversation_id)
    chats.choose_path(conversation, person=person_of(request), leaf=request.POST.get("leaf", ""))
    return HttpResponse(status=204)


def _own(request: HttpRequest, conversation_id: str) -> Conversation:
    return get_object_or_404(conversations_visible_to(person_of(request)), pk=conversation_id)
