"""Accounts. Knows Django's own pages for them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from streaming.models import Person


@admin.register(Person)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """Django's pages, and what a person prefers."""

    list_display = ("username", "email", "is_staff", "is_active", "last_login")
    readonly_fields = ("is_active",)  # deactivating ends sessions and answers too: the page People does it
    fieldsets: ClassVar[Any] = (
        *(UserAdmin.fieldsets or ()),
        ("Preferences", {"fields": ("theme", "pace", "default_model")}),
    )
