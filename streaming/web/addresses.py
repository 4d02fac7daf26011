"""Addresses that leave the site, in mail and in links to copy. Knows the public address; knows no page."""

from django.conf import settings
from django.http import HttpRequest


def absolute(request: HttpRequest, path: str) -> str:
    """`path` with the address that people use: the configured one, or the one that was asked."""
    public: str = settings.ENVIRONMENT.public_url
    return f"{public}{path}" if public else request.build_absolute_uri(path)
