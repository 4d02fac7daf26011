"""`/healthz` and `/readyz`, answered before Django: for balancers and monitors, whatever host name they use.

Knows two addresses and one word for the whole; knows no check.
"""

import asyncio
from http import HTTPStatus
from typing import Any

import msgspec

from streaming.transport.drain import Drain, draining
from streaming.web.readiness import Check, Facts, checks


class Health:
    """An ASGI application that answers these two itself and hands everything else on."""

    def __init__(self, application: Any, *, drain: Drain = draining) -> None:
        self.application = application
        self._drain = drain
        self._checks: list[Check] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] not in {"/healthz", "/readyz"}:
            await self.application(scope, receive, send)
        elif scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, HTTPStatus.METHOD_NOT_ALLOWED, {"status": "use GET"})
        elif scope["path"] == "/healthz":
            await _answer(send, HTTPStatus.OK, {"status": "alive"})
        else:
            await _answer(send, *await self._readiness())

    async def _readiness(self) -> tuple[HTTPStatus, Facts]:
        """503 where this process should get no visitors. What only slows people down is "degraded", and 200.

        An absent doorbell, broker or engine is absent for every web process alike, and all of them still show what
        is stored and take what is sent: to take them out of a balancer would make a slow site an absent one.
        """
        if self._drain.has_begun:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"status": "draining"}
        self._checks = self._checks or checks()
        results = await asyncio.gather(*(check.result() for check in self._checks))
        found = {check.name: result for check, result in zip(self._checks, results, strict=True)}
        bad = [check for check in self._checks if found[check.name]["status"] != "ok"]
        if any(check.is_essential for check in bad):
            return HTTPStatus.SERVICE_UNAVAILABLE, {"status": "unavailable", "checks": found}
        return HTTPStatus.OK, {"status": "degraded" if bad else "ready", "checks": found}


async def _answer(send: Any, status: HTTPStatus, facts: Facts) -> None:
    body = msgspec.json.encode(facts) + b"\n"
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
