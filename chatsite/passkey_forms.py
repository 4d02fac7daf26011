"""The forms that take what a passkey signed. A made-up answer gets a sentence, not an error page. Knows no page."""

import struct
from collections.abc import Callable
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from cryptography.exceptions import InvalidSignature
from django import forms

from chatsite.factors import refused_as

LONGEST_NAME = 100

# What fido2 and allauth raise, unasked, for answers that no browser gives.
MADE_UP = (LookupError, TypeError, ValueError, AttributeError, struct.error, InvalidSignature)


class _Proof:
    """Has `clean_credential` refuse what cannot be read or proven."""

    words = "wrong_passkey"

    def clean_credential(self) -> Any:
        return refused_as(self.words, self._proven)

    def _proven(self) -> Any:
        return _checked(super().clean_credential)  # type: ignore[misc]


class SignInPasskeyForm(_Proof, LoginWebAuthnForm):
    """Instead of name and password, where its owner said that it may."""

    words = "wrong_only_passkey"

    def _proven(self) -> Any:
        authenticator = super()._proven()
        if not authenticator.wrap().is_passwordless:
            raise get_adapter().validation_error("incorrect_code")
        return authenticator


class SecondPasskeyForm(_Proof, AuthenticateWebAuthnForm):
    """After the password."""


class ConfirmPasskeyForm(_Proof, ReauthenticateWebAuthnForm):
    """Before factors are changed."""


class NewPasskeyForm(AddWebAuthnForm):
    """A passkey that was just made."""

    name = forms.CharField(required=False, max_length=LONGEST_NAME)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = refused_as("wrong_new_passkey", lambda: _checked(super(NewPasskeyForm, self).clean))
        if credential := cleaned.get("credential"):
            # What its owner chose, where allauth looks for it: some devices make each one able to stand alone.
            credential["clientExtensionResults"] = {"credProps": {"rk": bool(cleaned.get("passwordless"))}}
        return cleaned


class PasskeyNameForm(EditWebAuthnForm):
    """Another name for it."""

    name = forms.CharField(max_length=LONGEST_NAME)


def _checked(clean: Callable[[], Any]) -> Any:
    try:
        return clean()
    except MADE_UP:
        raise get_adapter().validation_error("incorrect_code") from None
