"""Second factors as allauth asks about them: what is encrypted, under which name passkeys belong to this site.

Knows the public address; knows no page.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.core.exceptions import ValidationError

from streaming.models.sealed import UnsealError, seal, unseal


class FactorAdapter(DefaultMFAAdapter):
    """Secrets are sealed in the database; passkeys are bound to the host of CHATSITE_PUBLIC_URL."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        # allauth has one code for whatever was not accepted; our forms say which of these fits their place.
        "incorrect_code": "That was not accepted. Try again.",
        "wrong_code": "That was not accepted. Type the newest code of your app, or an unused recovery code.",
        "wrong_recovery_code": "That was not accepted. Type an unused recovery code.",
        "wrong_first_code": "That was not accepted. Type the newest code of the app, and set the device's clock right.",
        "wrong_passkey": "That was not accepted. Use a passkey that was added to this account.",
        "wrong_only_passkey": "That was not accepted. Use a passkey that may sign in by itself, or your password.",
        "wrong_new_passkey": "That passkey was not accepted, and not added. Try again, or with another device.",
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


def refused_as[T](words: str, clean: Callable[[], T]) -> T:
    """What `clean` returns; what it does not accept is refused in `words`, a key of `error_messages`."""
    try:
        return clean()
    except ValidationError as error:
        if error.code != "incorrect_code":
            raise
        raise FactorAdapter().validation_error(words) from None


def _host() -> str:
    """The site's host name, without a port: of the public address, or of this request where none is set."""
    address = settings.ENVIRONMENT.public_url or f"//{context.request.get_host()}"
    return urlsplit(address).hostname or ""
