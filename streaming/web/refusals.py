"""What is said when Django itself refuses a request. Knows the forms an answer takes; knows no page."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from streaming.web.members import wants_json

STALE = "This page was opened before you signed in or out. Reload it and send again."


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """A form or script came without the token of the present session."""
    if wants_json(request):
        return JsonResponse({"code": "stale_page", "message": STALE}, status=HTTPStatus.FORBIDDEN)
    return render(request, "403_csrf.html", status=HTTPStatus.FORBIDDEN)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Too large to be read, or not a request at all."""
    if wants_json(request):
        sentence = "The server could not read this message; it may be too large."
        return JsonResponse({"code": "bad_request", "message": sentence}, status=HTTPStatus.BAD_REQUEST)
    return render(request, "400.html", status=HTTPStatus.BAD_REQUEST)
