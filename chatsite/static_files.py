"""Static files, answered before Django: from where they lie, or from what collectstatic made. Knows no pages."""

import asyncio
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.http import HttpResponse
from django.utils._os import safe_join
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

PIECE_BYTES = 64 * 1024
type Answer = tuple[int, list[tuple[str, str]], bytes]
NOT_FOUND: Answer = (404, [("Content-Type", "text/plain"), ("X-Content-Type-Options", "nosniff")], b"Not found.")


class CollectedFilesStorage(CompressedManifestStaticFilesStorage):
    """Hashed names, also in the imports of our JavaScript modules."""

    support_js_module_import_aggregation = True


class StaticFiles:
    """An ASGI application that answers static paths itself and hands everything else on.

    Uncollected files are looked up at each request, so that an edit or an upgrade under a running server is served
    whole; the browser is told to ask again each time.
    """

    def __init__(self, application: Any) -> None:
        self.application = application
        collected = settings.STATIC_ROOT is not None
        self.files = WhiteNoiseMiddleware(
            get_response=lambda _request: HttpResponse(status=HTTPStatus.NOT_FOUND),
            settings=_Rules(collected=collected),
        )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self.files.static_prefix):
            await self.application(scope, receive, send)
            return
        status, headers, body = await asyncio.to_thread(self._answer, scope)
        await send({"type": "http.response.start", "status": status, "headers": _encoded(headers)})
        for start in range(0, len(body), PIECE_BYTES):
            piece = body[start : start + PIECE_BYTES]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _answer(self, scope: dict[str, Any]) -> Answer:
        try:
            file = self._file(scope["path"])
        except (SuspiciousFileOperation, ValueError):  # a path out of the folder, a NUL in it
            return NOT_FOUND
        if file is None:
            return NOT_FOUND
        answer = file.get_response(scope["method"], _wsgi_headers(scope["headers"]))
        if answer.file is None:
            return int(answer.status), answer.headers, b""
        with answer.file as opened:
            return int(answer.status), answer.headers, opened.read()

    def _file(self, path: str) -> Any:
        """Collected files are remembered from the start; what another version has added since is found when asked."""
        if self.files.autorefresh:
            return self.files.find_file(path)
        if path not in self.files.files and settings.STATIC_ROOT is not None:
            place = Path(safe_join(settings.STATIC_ROOT, path.removeprefix(self.files.static_prefix)))
            if place.is_file():
                self.files.add_file_to_dictionary(path, str(place))
        return self.files.files.get(path)


class _Rules:
    """The settings WhiteNoise reads."""

    def __init__(self, *, collected: bool) -> None:
        self.WHITENOISE_AUTOREFRESH = self.WHITENOISE_USE_FINDERS = not collected
        self.WHITENOISE_MAX_AGE = 60 if collected else 0
        self.WHITENOISE_ALLOW_ALL_ORIGINS = False
        self.WHITENOISE_ADD_HEADERS_FUNCTION = _add_headers
        self.STATIC_ROOT = settings.STATIC_ROOT
        self.STATIC_URL = settings.STATIC_URL
        self.FORCE_SCRIPT_NAME = None
        self.DEBUG = False


def _add_headers(headers: Any, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"


def _wsgi_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {
        f"HTTP_{name.decode('latin1').upper().replace('-', '_')}": value.decode("latin1") for name, value in headers
    }


def _encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers]
