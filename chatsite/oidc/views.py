"""To the provider and back. Knows requests; what the answers are worth is decided elsewhere."""

from collections.abc import Callable
from functools import wraps
from typing import cast

from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from chatsite.oidc.exchange import OidcExchange

type View = Callable[[HttpRequest], HttpResponse]


def _explained(view: Callable[[HttpRequest, OidcExchange], HttpResponse]) -> View:
    """404 where no provider is configured; a page that says why when it fails before allauth looks for failures."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        exchange = OidcExchange(request)
        try:
            provider = exchange.get_provider()
        except SocialApp.DoesNotExist:
            raise Http404 from None
        try:
            return view(request, exchange)
        except OAuth2Error as error:
            return cast("HttpResponse", render_authentication_error(request, provider, exception=error))

    return never_cache(guarded)


@_explained
def login(request: HttpRequest, exchange: OidcExchange) -> HttpResponse:
    """A page that leads to the provider: `form-action 'self'` forbids a form's answer to redirect there."""
    if request.method != "POST":
        return redirect("account_login")
    answer = OAuth2LoginView.adapter_view(exchange)(request)  # type: ignore[no-untyped-call]
    if not isinstance(answer, HttpResponseRedirect):
        return cast("HttpResponse", answer)
    return render(request, "socialaccount/leaving.html", {"address": answer.url, "provider": exchange.get_provider()})


@_explained
def callback(request: HttpRequest, exchange: OidcExchange) -> HttpResponse:
    """Where the provider sends the browser back to."""
    return cast("HttpResponse", OAuth2CallbackView.adapter_view(exchange)(request))  # type: ignore[no-untyped-call]
