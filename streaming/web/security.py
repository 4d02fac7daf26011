"""The page on how one signs in and where one is signed in. Knows what to show; allauth changes factors."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from streaming.access.factors import factors_of
from streaming.access.sessions import end_other_sessions, end_session, sessions_of
from streaming.web.devices import device_of
from streaming.web.layout import render_page
from streaming.web.members import person_of, signed_in


@require_safe
@signed_in
def security(request: HttpRequest) -> HttpResponse:
    """Factors and sessions of whoever asks."""
    person = person_of(request)
    here = request.session.session_key
    sessions: list[dict[str, Any]] = [
        {
            "id": session.pk,
            "device": device_of(session.user_agent),
            "address": session.ip,
            "last_seen": session.last_seen_at,
            "since": session.created_at,
            "is_here": session.session_key == here,
        }
        for session in sessions_of(person)
    ]
    sessions.sort(key=lambda session: not session["is_here"])
    context = {"factors": factors_of(person), "sessions": sessions}
    return render_page(request, "streaming/security/page.html", context, place="settings")


@require_POST
@signed_in
def sign_out_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """End one session, not this one."""
    if end_session(person_of(request), session_id, but=request.session.session_key or ""):
        messages.success(request, "Signed out there. Pages that are open on that device close within ten seconds.")
    else:
        messages.success(request, "That session had ended already.")
    return redirect("security")


@require_POST
@signed_in
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """End all sessions but this one."""
    count = end_other_sessions(person_of(request), but=request.session.session_key or "")
    ended = f"Signed out of {count} other session{'' if count == 1 else 's'}."
    messages.success(request, f"{ended} Pages that are open there close within ten seconds.")
    return redirect("security")
