"""The forms that take a code: from an authenticator app, or one of the recovery codes. Knows forms; knows no page."""

import hashlib
from typing import Any

from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from django.core.cache import cache

from chatsite.factors import refused_as

FIELD = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "spellcheck": "false"}


class _CodeForm:
    """One code, once. allauth remembers a used code for one period; with a tolerance it would be good for longer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]  # type: ignore[attr-defined]
        field.widget.attrs = dict(FIELD)
        self._has_app = Authenticator.objects.filter(user=self.user, type=Authenticator.Type.TOTP).exists()  # type: ignore[attr-defined]
        field.label = "Code from your authenticator app, or a recovery code" if self._has_app else "Recovery code"

    def clean_code(self) -> str:
        return refused_as("wrong_code" if self._has_app else "wrong_recovery_code", self._unused_code)

    def _unused_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        authenticator: Authenticator = self.authenticator  # type: ignore[attr-defined]
        if authenticator.type == Authenticator.Type.TOTP and not _is_first_use(authenticator, code):
            raise get_adapter().validation_error("incorrect_code")
        return code


class SignInCodeForm(_CodeForm, AuthenticateForm):
    """Asked for after the password."""


class ConfirmCodeForm(_CodeForm, ReauthenticateForm):
    """Asked for before factors are changed."""


class FirstCodeForm(ActivateTOTPForm):
    """The code that proves that the app has the secret."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "Code that the app shows"
        self.fields["code"].widget.attrs = dict(FIELD)

    def clean_code(self) -> str:
        return refused_as("wrong_first_code", super().clean_code)


def _is_first_use(authenticator: Authenticator, code: str) -> bool:
    known = hashlib.sha256("".join(code.split()).encode()).hexdigest()
    valid_for = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
    return cache.add(f"code-used:{authenticator.pk}:{known}", True, timeout=valid_for)
