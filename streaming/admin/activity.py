"""What goes on: runs, the engines that hold them, conversations by number. To look at; people's words are not shown."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from streaming.models import Conversation, Engine, Run


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that only the product itself writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        return False


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Who waits for what, and since when."""

    list_display = ("id", "owner", "agent", "model", "state", "attempt", "queued_at", "started_at", "ended_at")
    list_filter = ("state", "agent", "model")
    list_select_related = ("owner",)
    search_fields = ("id", "owner__username")
    date_hierarchy = "queued_at"
    fields = (*list_display, "engine", "fence", "last_n", "stop_requested_by", "after", "continues")


@admin.register(Engine)
class EngineAdmin(ReadOnlyAdmin):
    """Processes that execute runs."""

    list_display = ("label", "id", "capacity", "started_at", "expires_at")


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    """Whose, how old, with which model: not what is said in it, nor its title, which quotes it."""

    list_display = ("id", "owner", "model", "created_at", "active_at", "deleted_at")
    list_select_related = ("owner",)
    search_fields = ("id", "owner__username")
    fields = list_display

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Conversation | None:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            found.title = ""  # Django heads the page with the object's name
        return found
