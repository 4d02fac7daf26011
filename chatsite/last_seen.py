"""When and from where each session was last used. Knows requests; knows no page."""

from collections.abc import Callable
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import sync_only_middleware

PRECISION = timedelta(minutes=1)  # a write per request would be dearer than most requests


@sync_only_middleware
def remember_sessions(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Note the session of whoever is signed in, at most once a minute."""

    def remembering(request: HttpRequest) -> HttpResponse:
        response = get_response(request)  # first: a prompt does not wait for this
        if request.user.is_authenticated and not _is_fresh(request.session.session_key):
            UserSession.objects.create_from_request(request)
        return response

    return remembering


def _is_fresh(session_key: str | None) -> bool:
    since = timezone.now() - PRECISION
    return UserSession.objects.filter(session_key=session_key, last_seen_at__gt=since).exists()
