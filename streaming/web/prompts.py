"""Prompts come in here, once each however often they are sent. Knows forms and scripts; the chat does the rest."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from streaming import chats
from streaming.access import conversations_visible_to
from streaming.web.members import person_of, signed_in, wants_json
from streaming.web.problems import explained


@require_POST
@signed_in
@explained
def start_chat(request: HttpRequest) -> HttpResponse:
    """The first prompt of a new conversation."""
    sent = chats.start_chat(owner=person_of(request), **_prompt(request))
    return _accepted(request, sent, location=reverse("conversation", args=[sent.message.conversation_id]))


@require_POST
@signed_in
@explained
def send_prompt(request: HttpRequest, conversation_id: str) -> HttpResponse:
    """A further prompt; while an answer is being written it waits in line."""
    person = person_of(request)
    conversation = get_object_or_404(conversations_visible_to(person), pk=conversation_id)
    sent = chats.send_prompt(conversation, author=person, **_prompt(request))
    return _accepted(request, sent)


def _prompt(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "") for name in ("text", "model", "key")}


def _accepted(request: HttpRequest, sent: chats.Sent, *, location: str = "") -> HttpResponse:
    if not wants_json(request):
        return redirect("conversation", sent.message.conversation_id)
    answer = {"message": sent.message.pk, "answer": sent.answer.pk, "run": sent.run.pk}
    if location:
        answer["location"] = location
    return JsonResponse(answer, status=HTTPStatus.CREATED if sent.created else HTTPStatus.OK)
