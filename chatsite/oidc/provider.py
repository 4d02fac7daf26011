"""The provider as allauth sees it: what of its claims is taken. Knows claims; knows no request."""

import hashlib
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.http import HttpRequest
from django.urls import reverse

from chatsite.oidc.exchange import OidcExchange, nonce_of

type Claims = dict[str, Any]


class OidcProvider(OpenIDConnectProvider):
    """PKCE and a nonce always; an email address only when the provider says that it is verified."""

    id = "oidc"
    pkce_enabled_default = True
    oauth2_adapter_class = OidcExchange

    def get_login_url(self, request: HttpRequest, **_query: Any) -> str:  # noqa: ARG002 - allauth's signature
        return reverse("oidc_login")

    def get_callback_url(self) -> str:
        return reverse("oidc_callback")

    def get_pkce_params(self) -> Claims:
        params: Claims = super().get_pkce_params()
        return {**params, "nonce": nonce_of(params["code_verifier"])}

    def extract_uid(self, data: Claims) -> str:
        """A subject is unique within its issuer only (OpenID Connect Core, section 2)."""
        return hashlib.sha256(f"{data['iss']}\n{data['sub']}".encode()).hexdigest()

    def extract_common_fields(self, data: Claims) -> Claims:
        return {
            "username": data.get("preferred_username"),
            "first_name": data.get("given_name"),
            "last_name": data.get("family_name"),
            "name": data.get("name"),
            "email": verified_email(data),
            "email_verified": True,
        }

    def extract_email_addresses(self, data: Claims) -> list[EmailAddress]:
        email = verified_email(data)
        return [EmailAddress(email=email, verified=True, primary=True)] if email else []


def verified_email(claims: Claims) -> str:
    """The email address if the provider vouches for it, else ""."""
    vouched = claims.get("email_verified") in (True, "true")  # some send the word
    return str(claims.get("email") or "") if vouched else ""


provider_classes = [OidcProvider]
