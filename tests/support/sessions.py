"""Somebody who is signed in, as the cookie says."""

from django.conf import settings
from django.test import Client

from streaming.models import Person


def cookies_of(person: Person) -> dict[str, str]:
    """The cookies of a new session of `person`."""
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}
