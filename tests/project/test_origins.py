import pytest
from django.test import override_settings

from chatsite.origins import may_connect

ORIGINS = [
    # host, origin, cookie, may connect
    ("localhost:8000", "http://localhost:8000", True, True),
    ("localhost:8000", "http://localhost:3000", True, False),
    ("localhost:8000", "https://localhost:8000", True, False),
    ("localhost:8000", "http://evil.example", True, False),
    ("localhost:8000", "http://localhost:8000.evil.example", True, False),
    ("localhost:8000", "null", True, False),
    ("localhost:8000", None, True, False),
    ("localhost:8000", None, False, True),
    ("evil.example", "http://evil.example", True, False),
    ("localhost:8000", "https://chat.example.org", True, True),
    ("", None, False, False),
]


@pytest.mark.parametrize(("host", "origin", "cookie", "allowed"), ORIGINS)
@override_settings(ALLOWED_HOSTS=["localhost"], CSRF_TRUSTED_ORIGINS=["https://chat.example.org"])
def test_origins_let_only_our_own_pages_use_cookies(host: str, origin: str | None, cookie: bool, allowed: bool) -> None:
    headers = [(b"host", host.encode())]
    headers += [(b"origin", origin.encode())] if origin is not None else []
    headers += [(b"cookie", b"sessionid=x")] if cookie else []
    assert may_connect({"type": "websocket", "scheme": "ws", "headers": headers}) is allowed


@override_settings(ALLOWED_HOSTS=["chat.example.org"], SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"))
def test_origins_believe_the_scheme_of_a_trusted_proxy() -> None:
    headers = [(b"host", b"chat.example.org"), (b"origin", b"https://chat.example.org"), (b"cookie", b"s=1")]
    assert not may_connect({"type": "websocket", "scheme": "ws", "headers": headers})
    headers.append((b"x-forwarded-proto", b"https"))
    assert may_connect({"type": "websocket", "scheme": "ws", "headers": headers})
