"""Second factors as allauth asks about them: what is encrypted, under which name passkeys belong to this site.

Knows the public address; knows no page.
"""

from typing import Any
from urllib.parse import urlsplit

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings

from streaming.models.sealed import UnsealError, seal, unseal


class FactorAdapter(DefaultMFAAdapter):
    """Secrets are sealed in the database; passkeys are bound to the host of CHATSITE_PUBLIC_URL."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "That was not accepted. Try again with the newest code or with a passkey of this account.",
        "unreadable": "Codes cannot be checked since the server's secret key was changed. Ask an administrator.",
    }

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return unseal(encrypted_text)
        except UnsealError:
            # Never an empty secret: its codes could be computed by anybody.
            raise self.validation_error("unreadable") from None

    def get_totp_issuer(self) -> str:
        return f"chatsite ({_host()})"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        # A passkey works for this id and for nothing else, so it must not follow the Host header of a request.
        return {"id": _host(), "name": "chatsite"}

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002 - allauth's signature
        count = user.authenticator_set.filter(type=type).count()
        return f"Passkey {count + 1}" if count else "Passkey"


def _host() -> str:
    """The site's host name, without a port: of the public address, or of this request where none is set."""
    address = settings.ENVIRONMENT.public_url or f"//{context.request.get_host()}"
    return urlsplit(address).hostname or ""
