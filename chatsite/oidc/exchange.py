"""What is asked of the provider and how its answers are proven. Knows OpenID Connect; knows no account of ours."""

import hashlib
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from requests import RequestException

if TYPE_CHECKING:
    from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider

NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderAwayError(OAuth2Error):
    """The provider cannot be reached, or does not answer as one."""


class OidcExchange(OpenIDConnectOAuth2Adapter):
    """Code flow with the checks of OpenID Connect Core 3.1.3.7 and 5.3.2, and of Discovery 4.3."""

    _nonce: str

    def __init__(self, request: HttpRequest, provider_id: str = "oidc") -> None:
        super().__init__(request, provider_id)

    @property
    def openid_config(self) -> dict[str, Any]:
        """What the provider publishes about itself. Raises ProviderAwayError."""
        try:
            found: dict[str, Any] = super().openid_config
        except (RequestException, ValueError) as error:
            raise ProviderAwayError("no configuration") from error
        if not all(isinstance(found.get(name), str) for name in NEEDED):
            raise ProviderAwayError("an incomplete configuration")
        if found["issuer"].rstrip("/") != settings.ENVIRONMENT.oidc_issuer:
            raise OAuth2Error("the issuer is not the one of CHATSITE_OIDC_ISSUER")
        return found

    def get_provider(self) -> "OpenIDConnectProvider":
        """Raises `SocialApp.DoesNotExist` where none is configured."""
        return cast("OpenIDConnectProvider", super().get_provider())  # type: ignore[no-untyped-call]  # allauth's

    def get_access_token_data(self, request: HttpRequest, app: Any, client: Any, pkce_code_verifier: Any = None) -> Any:
        self._nonce = nonce_of(pkce_code_verifier or "")
        return super().get_access_token_data(request, app, client, pkce_code_verifier)

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> SocialLogin:
        claims = self._proven(app, kwargs["response"].get("id_token", ""))
        if "userinfo_endpoint" in self.openid_config:
            further = self._fetch_user_info(token.token)
            if further.get("sub") != claims["sub"]:
                raise OAuth2Error("the user info is about somebody else")
            claims = {**further, **claims, **_vouched_email(claims, further)}
        return cast("SocialLogin", self.get_provider().sociallogin_from_response(request, claims))

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:  # noqa: ARG002 - allauth's signature
        if not settings.ENVIRONMENT.public_url:
            return str(request.build_absolute_uri(reverse("oidc_callback")))
        origin = urlsplit(settings.ENVIRONMENT.public_url)
        return f"{origin.scheme}://{origin.netloc}{reverse('oidc_callback')}"

    def _proven(self, app: Any, id_token: str) -> dict[str, Any]:
        """The claims of the id token, its signature checked although it came straight from the provider."""
        try:
            claims: dict[str, Any] = jwtkit.verify_and_decode(
                credential=id_token,
                keys_url=self.openid_config["jwks_uri"],
                issuer=self.openid_config["issuer"],
                audience=app.client_id,
                lookup_kid=jwtkit.lookup_kid_jwk,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise OAuth2Error("the id token or the keys of the provider cannot be read") from error
        if not claims.get("sub") or "exp" not in claims:
            raise OAuth2Error("the id token names nobody, or is good for ever")
        if claims.get("azp", app.client_id) != app.client_id:
            raise OAuth2Error("the id token was made for another client")
        if not constant_time_compare(str(claims.get("nonce")), self._nonce):
            raise OAuth2Error("the id token answers another request")
        return claims


def nonce_of(verifier: str) -> str:
    """What the id token has to repeat (OpenID Connect Core 15.5.2): of this sign-in alone, as the verifier is.

    The verifier is kept with the state in the session, so that nothing more has to be.
    """
    return hashlib.sha256(f"nonce {verifier}".encode()).hexdigest()


def _vouched_email(*documents: dict[str, Any]) -> dict[str, Any]:
    """Address and verdict from one document: the verdict of one says nothing about the address of another."""
    said = next((each for each in documents if each.get("email") and "email_verified" in each), {})
    return {name: said.get(name) for name in ("email", "email_verified")}


def is_away(error: Exception | None) -> bool:
    """Whether trying again later may help."""
    return isinstance(error, ProviderAwayError | RequestException)
