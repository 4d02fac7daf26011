"""The forms of the set-up page. A key goes in and never comes out; knows no request."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings

from streaming.errors import InvalidInputError
from streaming.llm import Provider, connect
from streaming.models import Connection
from streaming.models.connection import KEY_AGAIN

USUAL = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
}
NOTES = {
    "openai": "OpenAI itself, or a server that speaks like it: vLLM, llama.cpp, LM Studio, OpenRouter and others.",
    "anthropic": "Claude, with a key of Anthropic's.",
    "ollama": "Models on a machine of yours. No key needed.",
}


def kinds_with_notes() -> list[dict[str, str]]:
    """The kinds of model API as the form offers them."""
    usual = USUAL | {"ollama": settings.ENVIRONMENT.ollama_host}
    return [
        {"value": kind.value, "name": kind.label, "note": NOTES[kind.value], "address": usual[kind.value]}
        for kind in Connection.Kind
    ]


def _usual_name(kind: str, base_url: str) -> str:
    """Several servers of one kind are told apart by their hosts."""
    try:
        host = urlsplit(base_url).netloc.rpartition("@")[2]
    except ValueError:  # the address is refused afterwards, in words
        host = ""
    return host if host and base_url.rstrip("/") != USUAL.get(kind) else str(Connection.Kind(kind).label)


class _AddressedForm(forms.ModelForm):  # type: ignore[type-arg]
    """The address is checked by the connection it is for: Django knows no host names without a dot but localhost."""

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() | {"base_url"}  # type: ignore[misc,no-any-return]

    def _check(self, kind: str, values: dict[str, Any]) -> None:
        try:
            connect(kind, base_url=values.get("base_url", ""), api_key=values.get("api_key", ""))
        except InvalidInputError as error:
            self.add_error(None, error.message)


class ConnectionForm(_AddressedForm):
    """A new connection."""

    kind = forms.ChoiceField(choices=Connection.Kind.choices)
    base_url = forms.CharField(
        label="Address",
        required=False,
        max_length=200,
        help_text="Leave it empty for the provider's own address.",
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    api_key = forms.CharField(
        label="Key",
        required=False,
        help_text="It is stored encrypted and never shown again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    name = forms.CharField(
        label="Name",
        required=False,
        max_length=80,
        help_text="How people see it in the list of models.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    class Meta:
        model = Connection
        fields = ("kind", "base_url", "api_key", "name")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        kind = values.get("kind", "")
        if not values.get("name") and kind:
            values["name"] = _usual_name(kind, values.get("base_url", ""))
        if kind == Connection.Kind.OLLAMA and not values.get("base_url"):
            values["base_url"] = settings.ENVIRONMENT.ollama_host
        if kind == Connection.Kind.ANTHROPIC and not values.get("api_key"):
            self.add_error("api_key", "Anthropic needs a key.")
        if kind and not self.errors:
            self._check(kind, values)
        return values

    def provider(self) -> Provider:
        """What the valid form describes."""
        values = self.cleaned_data
        return connect(values["kind"], base_url=values["base_url"], api_key=values["api_key"])


class ChangeConnectionForm(_AddressedForm):
    """Another name or address, a new key, on or off. An empty key keeps the one there is."""

    base_url = forms.CharField(required=False, max_length=200)
    api_key = forms.CharField(required=False)

    class Meta:
        model = Connection
        fields = ("name", "base_url", "api_key", "enabled")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not values.get("api_key") and (kept := str(self.initial["api_key"])):
            values["api_key"] = kept
            if not self.instance.may_keep_key(kind=self.instance.kind, base_url=values.get("base_url", "")):
                self.add_error("api_key", KEY_AGAIN)
        self._check(self.instance.kind, values)
        return values
