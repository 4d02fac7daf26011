"""Stop, retry, continue. Knows buttons; what becomes of a run reaches the page through its stream."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from streaming import chats
from streaming.access import runs_visible_to
from streaming.models import Run
from streaming.runs import stop_run
from streaming.web.members import person_of, signed_in
from streaming.web.problems import explained


@require_POST
@signed_in
@explained
def stop(request: HttpRequest, run_id: str) -> HttpResponse:
    """End a run; it may have ended already."""
    stop_run(_visible(request, run_id), by=person_of(request))
    return HttpResponse(status=204)


@require_POST
@signed_in
@explained
def retry(request: HttpRequest, run_id: str) -> HttpResponse:
    """Answer anew, beside the former answer."""
    chats.retry_answer(_visible(request, run_id), by=person_of(request), **_how(request))
    return HttpResponse(status=204)


@require_POST
@signed_in
@explained
def go_on(request: HttpRequest, run_id: str) -> HttpResponse:
    """Go on where the text stops."""
    chats.continue_answer(_visible(request, run_id), by=person_of(request), **_how(request))
    return HttpResponse(status=204)


def _visible(request: HttpRequest, run_id: str) -> Run:
    return get_object_or_404(runs_visible_to(person_of(request)), pk=run_id)


def _how(request: HttpRequest) -> dict[str, str]:
    return {"model": request.POST.get("model", ""), "key": request.headers.get("Idempotency-Key", "")}
