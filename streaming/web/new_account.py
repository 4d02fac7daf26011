"""An account that an administrator makes: its owner gets a link, once, to choose the password. Sends no mail."""

import logging

from allauth.account.adapter import get_adapter
from allauth.account.forms import default_token_generator
from allauth.account.utils import filter_users_by_email, user_pk_to_url_str
from django import forms
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from streaming.access.groups import fixed_groups
from streaming.access.new_account import make_account
from streaming.errors import ConflictError
from streaming.models import Person
from streaming.web.group_forms import chosen_groups
from streaming.web.layout import render_page
from streaming.web.members import administrators_only, person_of

logger = logging.getLogger(__name__)


class NewAccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """A name and an address that nobody else has."""

    class Meta:
        model = Person
        fields = ("username", "email")
        labels = {"username": "Name", "email": "Email"}
        help_texts = {"username": "What they sign in with, and how others see them."}
        widgets = {
            "username": forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
            "email": forms.EmailInput(attrs={"autocomplete": "off"}),
        }

    def clean_username(self) -> str:
        return str(get_adapter().clean_username(self.cleaned_data["username"]))

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        if email and filter_users_by_email(email):
            raise forms.ValidationError("Another account has this address.")
        return email


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
@never_cache
def add_account(request: HttpRequest) -> HttpResponse:
    """A form; the answer to it has the link, which is kept nowhere."""
    form = NewAccountForm(request.POST or None)
    groups = chosen_groups(request)
    made = link = None
    if request.method == "POST" and (made := _make(form, groups, by=person_of(request))):
        link = _password_link(request, made)
        form, groups = NewAccountForm(), []
    context = {
        "form": form,
        "groups": Group.objects.exclude(pk__in=fixed_groups(by=person_of(request))).order_by("name"),
        "chosen": {group.pk for group in groups},
        "made": made,
        "link": link,
    }
    status = 201 if made else 422 if form.errors else 200
    return render_page(request, "streaming/people/add.html", context, place="people", status=status)


def _make(form: NewAccountForm, groups: list[Group], *, by: Person) -> Person | None:
    if not form.is_valid():
        return None
    person: Person = form.save(commit=False)
    try:
        make_account(person, groups, by=by)
    except ConflictError as error:
        form.add_error(None, error.message)
        return None
    logger.info("an account was made", extra={"person": person.pk, "by": by.pk})
    return person


def _password_link(request: HttpRequest, person: Person) -> str:
    """The one behind *Forgot your password?*: good once, for a day."""
    key = f"{user_pk_to_url_str(person)}-{default_token_generator.make_token(person)}"
    return str(get_adapter(request).get_reset_password_from_key_url(key))
