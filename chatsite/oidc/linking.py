"""Whose account a person from the provider gets. Knows accounts and the rule for new ones; knows no protocol."""

import logging
from typing import Any

from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import render
from django.urls import reverse

from chatsite.oidc.exchange import is_away
from streaming.models import Person

logger = logging.getLogger(__name__)


class LinkingAdapter(DefaultSocialAccountAdapter):
    """An account is linked by an address that both sides have verified, or by its owner in the settings."""

    error_messages = {
        **DefaultSocialAccountAdapter.error_messages,
        "no_password": "Set a password first: without one nobody could sign in to this account any more.",
    }

    def list_apps(
        self,
        request: HttpRequest | None,  # noqa: ARG002 - allauth's signature
        provider: str | None = None,
        client_id: str | None = None,  # noqa: ARG002 - as above
    ) -> list[SocialApp]:
        """The provider that the environment names, and nothing from the database."""
        given = settings.ENVIRONMENT
        if not given.oidc_issuer or provider not in {None, "oidc"}:
            return []
        secret = given.oidc_client_secret.get_secret_value() if given.oidc_client_secret else ""
        return [
            SocialApp(
                provider="oidc",
                provider_id="oidc",
                name=given.oidc_name,
                client_id=given.oidc_client_id,
                secret=secret,
                settings={"server_url": given.oidc_issuer},
            )
        ]

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[Person, str] | None:
        for address in sociallogin.email_addresses:
            ours = EmailAddress.objects.filter(email__iexact=address.email, verified=True).first()
            if ours is not None:
                return ours.user, address.email
        return None

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if sociallogin.is_existing or sociallogin.state.get("process") == AuthProcess.CONNECT:
            return
        name = {"provider": sociallogin.provider.name}
        if any(filter_users_by_email(address.email) for address in sociallogin.email_addresses):
            raise ImmediateHttpResponse(render(request, "socialaccount/not_linked.html", name, status=403))
        if not self.is_open_for_signup(request, sociallogin):
            raise ImmediateHttpResponse(render(request, "socialaccount/no_account.html", name, status=403))

    def on_authentication_error(
        self,
        request: HttpRequest,  # noqa: ARG002 - as above
        provider: Any,
        error: object = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        logger.warning("Signing in through %s failed: %s %r", provider.name, error, type(exception))
        if extra_context is not None:
            extra_context["provider"] = provider.name
            extra_context["away"] = is_away(exception)

    def get_connect_redirect_url(self, _request: HttpRequest, _account: object) -> str:
        return reverse("security")
