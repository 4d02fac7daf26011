"""The Django application of the frame: makes Celery known to every process that sets Django up."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class ChatsiteConfig(AppConfig):
    name = "chatsite"

    def ready(self) -> None:
        if settings.MODE.celery_broker:
            import_module("chatsite.celery")  # or wake-ups would go to the broker that Celery takes for granted
