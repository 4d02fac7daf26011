"""What allauth is allowed to do here, and how its mail leaves. Knows settings and our words; knows no pages."""

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.urls import reverse

from streaming.access.sign_up import may_sign_up
from streaming.models import Person
from streaming.web.addresses import absolute
from streaming.web.invitation import SESSION_KEY

logger = logging.getLogger(__name__)

OWN_STAGES = {"allauth.account.stages.EmailVerificationStage": "chatsite.confirmation.ConfirmationStage"}


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator, unless the environment opens sign-up."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        **dict.fromkeys(
            ("username_password_mismatch", "email_password_mismatch"),
            "Name and password do not match. Check both and try again.",
        ),
        **dict.fromkeys(
            ("too_many_login_attempts", "rate_limited"), "Too many attempts. Wait five minutes, then try again."
        ),
        "incorrect_password": "This is not your password.",
        "enter_current_password": "This is not your current password.",
        "duplicate_email": "This is your address already.",
        "username_taken": "Somebody has this name already. Choose another one.",
        "username_is_address": "A name has no @ in it, so that nobody takes it for an address. Choose another one.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        # An invitation opens the form, which spends it; other ways to an account would not.
        page = request.resolver_match
        on_form = page is not None and page.url_name == "account_signup"
        return may_sign_up(request.session.get(SESSION_KEY, "") if on_form else "")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002 - allauth's signature
        return reverse("security")

    def clean_username(self, username: str, shallow: bool = False) -> str:  # noqa: FBT001, FBT002 - allauth's signature
        if "@" in username:  # one signs in with either, so a name must not be somebody's address
            raise self.validation_error("username_is_address")
        return super().clean_username(username, shallow)

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:  # noqa: FBT001, FBT002 - allauth's signature
        user.must_confirm_email = getattr(form, "must_confirm_email", False)
        return super().save_user(request, user, form, commit)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        confirmed = super().confirm_email(request, email_address)
        if confirmed:
            Person.objects.filter(pk=email_address.user_id).update(must_confirm_email=False)
        return confirmed

    def get_login_stages(self) -> list[str]:
        return [OWN_STAGES.get(stage, stage) for stage in super().get_login_stages()]

    def get_reset_password_from_key_url(self, key: str) -> str:
        return _public(self.request, super().get_reset_password_from_key_url(key))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return _public(request, super().get_email_confirmation_url(request, emailconfirmation))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Without waiting: how long a page takes must not tell whether an address has an account."""
        if settings.MAIL.arrives:
            values = {"email": email, "site": absolute(self.request, "/"), **context}
            _outbox().submit(_send, self.render_mail(template_prefix, email, values), template_prefix)


def _public(request: HttpRequest, address: str) -> str:
    return absolute(request, urlsplit(address).path)


@cache
def _outbox() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="mail")


def _send(message: EmailMessage, kind: str) -> None:
    try:
        message.send()
    except OSError as error:  # smtplib's errors are OSErrors; their text may quote an address
        logger.error("mail was not sent", extra={"kind": kind, "error": type(error).__name__})  # noqa: TRY400
