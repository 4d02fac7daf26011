"""What is said when Django itself refuses a request or fails at it. Knows the forms an answer takes; knows no view."""

import sys
from http import HTTPStatus

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views import defaults

from streaming.errors import StreamingError
from streaming.models.database import is_away
from streaming.web.members import page_before
from streaming.web.problems import told_in_place

AGAIN_SECONDS = 3  # a database that is restarted is away for some seconds


class StalePageError(StreamingError):
    """A form or script came without the token of the present session."""

    code = "stale_page"


class BadRequestError(StreamingError):
    """Too large to be read, or not a request at all."""

    code = "bad_request"


class DatabaseAwayError(StreamingError):
    """What was asked for needs the database, which cannot be reached."""

    code = "database_away"
    retryable = True


STALE = StalePageError("This page was opened before you signed in or out. Reload it and send again.")
UNREADABLE = BadRequestError("The server could not read this message; it may be too large.")
AWAY = DatabaseAwayError("The database cannot be reached at present. Try again in a moment.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """See `StalePageError`."""
    return _refused(request, STALE, "403_csrf.html", HTTPStatus.FORBIDDEN, back=page_before(request))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """See `BadRequestError`."""
    # without a host there is no page of ours to go back to
    back = "/" if isinstance(exception, DisallowedHost) else page_before(request)
    return _refused(request, UNREADABLE, "400.html", HTTPStatus.BAD_REQUEST, back=back)


def failure(request: HttpRequest) -> HttpResponse:
    """Called while an error that nobody foresaw is being handled: 503 where the database is away, else 500."""
    if not is_away(sys.exception()):
        return defaults.server_error(request)
    is_sent = request.method not in {"GET", "HEAD"}
    back = page_before(request) if is_sent else request.get_full_path()
    response = _refused(
        request, AWAY, "503.html", HTTPStatus.SERVICE_UNAVAILABLE, back=back, is_sent=is_sent, again=AGAIN_SECONDS
    )
    response["Retry-After"] = str(AGAIN_SECONDS)
    add_never_cache_headers(response)
    return response


def _refused(
    request: HttpRequest, error: StreamingError, template: str, status: HTTPStatus, **context: object
) -> HttpResponse:
    return told_in_place(request, error, status) or render(request, template, context, status=status)
