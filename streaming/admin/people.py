"""Accounts and groups. Knows Django's own pages for them, and who may give which rights there."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from streaming.access.groups import fixed_groups
from streaming.models import Person

RIGHTS = ("is_staff", "is_superuser", "user_permissions", "groups")


@admin.register(Person)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """Django's pages, and what a person prefers. Rights are given, and administrators changed, by those with all."""

    list_display = ("username", "email", "is_staff", "is_active", "last_login")
    readonly_fields = ("is_active",)  # deactivating ends sessions and answers too: the page People does it
    fieldsets: ClassVar[Any] = (
        *(UserAdmin.fieldsets or ()),
        ("Preferences", {"fields": ("theme", "pace", "default_model")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*super().get_readonly_fields(request, obj), *(() if _has_all_rights(request) else RIGHTS))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # this is also what guards the page that sets a password, and the address a new one is mailed to
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)


class GuardedGroupAdmin(GroupAdmin):
    """Django's pages; what a group carries is decided by those with all rights."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        own = super().get_readonly_fields(request, obj)
        return own if _has_all_rights(request) else (*own, "permissions")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not _is_fixed(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not _is_fixed(request, obj)


admin.site.unregister(Group)
admin.site.register(Group, GuardedGroupAdmin)


def _has_all_rights(request: HttpRequest) -> bool:
    return isinstance(request.user, Person) and request.user.is_superuser


def _may_touch(request: HttpRequest, person: Person | None) -> bool:
    return _has_all_rights(request) or person is None or not (person.is_staff or person.is_superuser)


def _is_fixed(request: HttpRequest, group: Group | None) -> bool:
    return group is not None and isinstance(request.user, Person) and group in fixed_groups(by=request.user)
