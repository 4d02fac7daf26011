"""`python -m tests.support.plain_server <daphne or uvicorn> <port> <drain seconds>`: ours with a small application.

Paths: `/flood` (WebSocket or HTTP) sends 32 KiB pieces without end, `/echo` (WebSocket) streams through the
product's base, `/slow` answers when the server drains, `/sent` tells how many pieces the floods have sent.
"""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from typing import Any

from streaming.transport.closing import CloseCode, StreamClosedError
from streaming.transport.drain import draining
from streaming.transport.socket import StreamSocket

PIECE = "x" * 32 * 1024
sent = {"websocket": 0, "http": 0}


class Echo(StreamSocket):
    """Says back what it hears; `end` ends it, `gone` closes with 4404, `fail` raises, `size N` gives N letters."""

    async def admit(self) -> bool:
        self._heard: asyncio.Queue[str] = asyncio.Queue()
        return b"refuse" not in self.scope["query_string"]

    async def stream(self) -> AsyncGenerator[str]:
        if b"flood" in self.scope["query_string"]:
            while True:
                yield PIECE
        while (text := await self._heard.get()) != "end":
            if text == "gone":
                raise StreamClosedError(CloseCode.GONE)
            if text == "fail":
                raise RuntimeError("on purpose")
            yield "é" * int(text[5:]) if text.startswith("size ") else text

    def heard(self, text: str) -> None:
        if text == "nonsense":
            raise StreamClosedError(CloseCode.PROTOCOL)
        self._heard.put_nowait(text)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        handler = Echo.as_asgi() if scope["path"] == "/echo" else flood_socket
        await handler(scope, receive, send)
        return
    await receive()
    if scope["path"] == "/flood":
        await flood_response(send)
    elif scope["path"] == "/slow":
        told = asyncio.Event()
        with draining.watching(told.set):
            await told.wait()
        await answer(send, {"slow": True})
    else:
        await answer(send, sent | {"open": server.open_connections._asdict()})


async def flood_socket(_scope: dict[str, Any], receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})

    async def flood() -> None:
        while True:
            await send({"type": "websocket.send", "text": PIECE})
            sent["websocket"] += 1
            await asyncio.sleep(0)

    flooding = asyncio.create_task(flood())
    while (await receive())["type"] != "websocket.disconnect":
        pass
    flooding.cancel()


async def flood_response(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        await send({"type": "http.response.body", "body": PIECE.encode(), "more_body": True})
        sent["http"] += 1
        await asyncio.sleep(0)


async def answer(send: Any, body: dict[str, Any]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def cut_soon() -> None:
    """A minute is long for a test."""
    from streaming.transport import gate

    gate.STALLED_SECONDS = 8.0


def make_server(name: str, port: int, drain_seconds: float) -> Any:
    if name == "uvicorn":
        from streaming.transport.uvicorn_server import UvicornServer

        return UvicornServer(application, host="127.0.0.1", port=port, drain_seconds=drain_seconds)
    from streaming.transport.server import StreamingServer

    endpoints = [f"tcp:port={port}:interface=127.0.0.1"]
    return StreamingServer(application, endpoints=endpoints, drain_seconds=drain_seconds)


if __name__ == "__main__":
    cut_soon()
    server = make_server(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
    server.run()
