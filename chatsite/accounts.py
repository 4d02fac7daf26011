"""What allauth is allowed to do here. Knows the setting for sign-up and our words; knows no pages."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator, unless the environment opens sign-up."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        **dict.fromkeys(
            ("username_password_mismatch", "email_password_mismatch"),
            "Name and password do not fit together. Check both and try again.",
        ),
        **dict.fromkeys(
            ("too_many_login_attempts", "rate_limited"), "Too many attempts. Wait five minutes, then try again."
        ),
        "incorrect_password": "This is not your password.",
        "enter_current_password": "This is not your current password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        return bool(settings.ENVIRONMENT.sign_up)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002 - as above
        return reverse("security")
