"""The sign-up form: for everybody with an address to confirm, for the invited with the invitation's own address."""

from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.forms import SignupForm
from allauth.account.utils import setup_user_email
from allauth.core import context
from django import forms
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from streaming.access.invitations import claim, open_invitation, settle
from streaming.models import Invitation, Person
from streaming.web.invitation import SESSION_KEY


class InvitationSpentError(Exception):
    """Another account took the invitation a moment ago."""


class SignUpForm(SignupForm):
    """Name, address, password. An invitation is spent by the account it becomes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invitation = open_invitation(context.request.session.get(SESSION_KEY, ""))
        self.must_confirm_email = self.invitation is None
        for name, label, note in (
            ("username", "Name", "What you sign in with, and how others see you."),
            ("email", "Email", ""),
            ("password1", "Password", "At least 10 characters, and not one that everybody uses."),
        ):
            field = self.fields[name]
            field.label, field.help_text = label, note
            field.widget.attrs.pop("placeholder", None)
        self.fields["username"].widget.attrs["autofocus"] = True
        if self.invitation is not None:
            self.fields["email"].initial = self.invitation.email
            self.fields["email"].disabled = True

    def validate_unique_email(self, value: str) -> str:
        email: str = super().validate_unique_email(value)
        if self.account_already_exists and self.invitation is not None:
            # Whoever holds the link may know: it was made for this address.
            raise forms.ValidationError("This address has an account already. Sign in with it.")
        return email

    def try_save(self, request: HttpRequest) -> tuple[Person | None, HttpResponse | None]:
        if self.invitation is not None:
            return self._accept(request, self.invitation)
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])  # takes as long as for an account that is made
        return super().try_save(request)  # type: ignore[no-any-return]

    def save(self, request: HttpRequest) -> Person:
        if self.invitation is None:
            return cast("Person", super().save(request))
        adapter = get_adapter(request)
        # Without the database: hashing a password takes longer than a transaction may.
        person = cast("Person", adapter.save_user(request, adapter.new_user(request), self, commit=False))
        with transaction.atomic():
            if not claim(self.invitation):
                raise InvitationSpentError
            person.save()
            adapter.stash_verified_email(request, self.invitation.email)
            setup_user_email(request, person, [])
            settle(self.invitation, person)
        return person

    def _accept(self, request: HttpRequest, invitation: Invitation) -> tuple[Person | None, HttpResponse | None]:
        try:
            person, response = super().try_save(request)
        except InvitationSpentError:
            invitation.refresh_from_db()
            return None, render(request, "streaming/accounts/invitation.html", {"invitation": invitation}, status=410)
        request.session.pop(SESSION_KEY, None)
        return person, response
