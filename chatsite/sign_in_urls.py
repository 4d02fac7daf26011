"""What stands before allauth's own addresses: its lists are our one page on security, and what fails says why."""

from typing import Any

from allauth.mfa.webauthn.views import ReauthenticateWebAuthnView
from allauth.socialaccount.views import ConnectionsView
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse_lazy
from django.views.generic import RedirectView

to_security = RedirectView.as_view(pattern_name="security")


class ConfirmByPasskey(ReauthenticateWebAuthnView):
    """Asks again with the reason; allauth's own leads to the sign-in page, which leads away."""

    def form_invalid(self, form: Any) -> HttpResponse:
        for error in form.errors.get("credential", []):
            messages.error(self.request, error)
        return redirect(self.request.get_full_path())


class Disconnect(ConnectionsView):
    """Takes a provider's account off one's own."""

    success_url = reverse_lazy("security")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return to_security(request, *args, **kwargs)  # type: ignore[return-value]


urlpatterns = [
    path("2fa/", to_security),
    path("2fa/webauthn/", to_security),
    path("2fa/webauthn/reauthenticate/", ConfirmByPasskey.as_view()),
    path("3rdparty/", Disconnect.as_view()),
    path("3rdparty/signup/", to_security),
    path("sessions/", to_security),
]
