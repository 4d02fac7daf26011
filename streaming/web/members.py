"""Who may ask for a page: the door every view stands behind. Knows sessions; knows no conversation."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, cast
from urllib.parse import quote

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import urlencode

from streaming.models import Person
from streaming.web.admission import is_of_deactivated

DEACTIVATED = "Your account was deactivated. Ask an administrator."

type View[**P] = Callable[Concatenate[HttpRequest, P], HttpResponse]


def signed_in[**P](view: View[P]) -> View[P]:
    """For people only, and nothing of it is kept by a cache. Scripts are told where to sign in, browsers are sent."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs) if request.user.is_authenticated else _ask_to_sign_in(request)
        patch_cache_control(response, no_store=True, private=True)
        patch_vary_headers(response, ("Cookie", "Accept", "HX-Request"))
        return response

    return guarded


def administrators_only[**P](view: View[P]) -> View[P]:
    """For staff; other people get 403."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not person_of(request).is_staff:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return signed_in(guarded)


def person_of(request: HttpRequest) -> Person:
    """Who asks, behind `signed_in`."""
    return cast("Person", request.user)


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks rather than somebody who follows a link or sends a form."""
    return request.accepts("application/json") and not request.accepts("text/html")


def page_before(request: HttpRequest) -> str:
    """The page of ours that a form was sent from, as a path; "/" where it is not known."""
    own = f"{request.scheme}://{request.get_host()}/"
    before = request.headers.get("Referer", "")
    # a second slash would make another host of what follows
    return "/" + before.removeprefix(own).lstrip("/\\") if before.startswith(own) else "/"


def _ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    if is_of_deactivated(request.session):
        return _deactivated(request)
    back = request.get_full_path() if request.method == "GET" else page_before(request)
    address = f"{reverse('account_login')}?{urlencode({'next': back})}"
    if wants_json(request):
        answer = {"code": "signed_out", "message": "You are signed out.", "sign_in": address}
        return JsonResponse(answer, status=HTTPStatus.UNAUTHORIZED)
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect_to_login(back)


def _deactivated(request: HttpRequest) -> HttpResponse:
    headers = {"X-Refused": "deactivated"}
    if wants_json(request):
        answer = {"code": "deactivated", "message": DEACTIVATED}
        return JsonResponse(answer, status=HTTPStatus.FORBIDDEN, headers=headers)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=HTTPStatus.FORBIDDEN, headers=headers | {"X-Problem": quote(DEACTIVATED)})
    response = render(request, "account/account_inactive.html", status=HTTPStatus.FORBIDDEN)
    response["X-Refused"] = "deactivated"
    return response
