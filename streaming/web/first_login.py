"""The page behind the administrator's first link. A mail scanner or a link preview that opens it spends nothing."""

from django import forms
from django.contrib.auth import login, password_validation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from streaming.access.first_login import find_by_token, spend_token

BACKEND = "django.contrib.auth.backends.ModelBackend"


class WelcomeForm(forms.Form):
    """A password is asked for, not demanded: a passkey or a provider's account will do as well."""

    password = forms.CharField(
        label="Choose a password",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters. You may leave it empty and set one, or add a passkey, later: "
        "under Settings → Security, before you sign out.",
    )

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if password:
            password_validation.validate_password(password)
        return password


@method_decorator(never_cache, name="dispatch")
class FirstLogin(View):
    """Ask on GET, sign in on POST."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        person = find_by_token(token)
        if person is None:
            return self._spent(request)
        return self._ask(request, WelcomeForm(), person.get_username())

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        form = WelcomeForm(request.POST)
        known = find_by_token(token)
        if known is not None and not form.is_valid():
            return self._ask(request, form, known.get_username(), status=422)
        person = spend_token(token)
        if person is None:
            return self._spent(request)
        if form.cleaned_data["password"]:
            person.set_password(form.cleaned_data["password"])
            person.save(update_fields=["password"])
        login(request, person, backend=BACKEND)
        return redirect("/")

    def _ask(self, request: HttpRequest, form: WelcomeForm, username: str, *, status: int = 200) -> HttpResponse:
        return render(
            request, "streaming/accounts/first_login.html", {"form": form, "username": username}, status=status
        )

    def _spent(self, request: HttpRequest) -> HttpResponse:
        return render(request, "streaming/accounts/first_login.html", {"form": None}, status=410)
