"""Errors as answers: JSON for our scripts, a header for htmx, a page for everybody else. Knows no cause."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from streaming.chats.idempotency import KeyReusedError
from streaming.errors import ConflictError, InvalidInputError, QuotaExceededError, StreamingError
from streaming.web.members import page_before, wants_json

STATUS: tuple[tuple[type[StreamingError], HTTPStatus], ...] = (
    (KeyReusedError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (InvalidInputError, HTTPStatus.BAD_REQUEST),
    (ConflictError, HTTPStatus.CONFLICT),
    (QuotaExceededError, HTTPStatus.TOO_MANY_REQUESTS),
)


def explained[**P](
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Answer a `StreamingError` of the view with its sentence."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except StreamingError as error:
            return problem(request, error)

    return guarded


def problem(request: HttpRequest, error: StreamingError) -> HttpResponse:
    """The error in the form that whoever asks can show."""
    status = status_of(error)
    if told := told_in_place(request, error, status):
        return told
    return render(request, "problem.html", {"message": error.message, "back": page_before(request)}, status=status)


def told_in_place(request: HttpRequest, error: StreamingError, status: HTTPStatus) -> HttpResponse | None:
    """The error for a script or htmx, which say it where one is; None for whoever is to see a page."""
    if wants_json(request):
        return JsonResponse({"code": error.code, "message": error.message, "retryable": error.retryable}, status=status)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=status, headers={"HX-Reswap": "none", "X-Problem": quote(error.message)})
    return None


def status_of(error: StreamingError) -> HTTPStatus:
    """The HTTP status that says the same as the error."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), HTTPStatus.SERVICE_UNAVAILABLE)
