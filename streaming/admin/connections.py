"""Connections to model APIs. A key can be replaced here and never read."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from streaming.models import Connection
from streaming.models.connection import KEY_AGAIN


class ConnectionAdminForm(forms.ModelForm):  # type: ignore[type-arg]
    """The key goes in and never comes out; empty keeps the one there is."""

    api_key = forms.CharField(
        label="New key",
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="A saved key is never shown. Leave this empty to keep it.",
    )

    class Meta:
        model = Connection
        fields = ("name", "kind", "base_url", "api_key", "enabled")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not values.get("api_key") and self.instance.api_key:
            values["api_key"] = self.instance.api_key
            if not self.instance.may_keep_key(kind=values.get("kind", ""), base_url=values.get("base_url", "")):
                self.add_error("api_key", KEY_AGAIN)
        return values


@admin.register(Connection)
class ConnectionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Those of the environment are changed there."""

    form = ConnectionAdminForm
    list_display = ("name", "kind", "base_url", "enabled", "has_key", "models", "checked_at", "problem")
    list_filter = ("kind", "enabled")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = ConnectionAdminForm.Meta.fields
        # Django shows the fields of people who may only look as plain values
        return fields if self.has_change_permission(request, obj) else [each for each in fields if each != "api_key"]

    @admin.display(boolean=True, description="key")
    def has_key(self, connection: Connection) -> bool:
        return bool(connection.api_key)

    @admin.display
    def models(self, connection: Connection) -> int:
        return len(connection.catalog)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj is not None and obj.from_environment)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.from_environment)
