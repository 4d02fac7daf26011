"""Who may open a socket with a person's cookies: our own pages only. Knows headers; knows no consumer."""

from typing import Any

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host


class SameOriginOnly:
    """Refuses a WebSocket whose Origin is not the address it came to, and cookies without any Origin.

    Browsers always send an Origin. A program without one and without cookies carries no one's authority, so it passes
    and has to show a token (RFC 6455, section 10.2).
    """

    def __init__(self, application: Any) -> None:
        self.application = application
        self._deny = WebsocketDenier.as_asgi()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        chosen = self.application if may_connect(scope) else self._deny
        await chosen(scope, receive, send)


def may_connect(scope: dict[str, Any]) -> bool:
    headers = {name: value.decode("latin1") for name, value in scope["headers"]}
    host = headers.get(b"host", "").lower()
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    origin = headers.get(b"origin", "").lower()
    if not origin:
        return b"cookie" not in headers
    return origin in {f"{_scheme(scope, headers)}://{host}", *settings.CSRF_TRUSTED_ORIGINS}


def _scheme(scope: dict[str, Any], headers: dict[bytes, str]) -> str:
    if settings.SECURE_PROXY_SSL_HEADER:
        return headers.get(b"x-forwarded-proto", "http").strip().lower()
    return "https" if scope.get("scheme") == "wss" else "http"
