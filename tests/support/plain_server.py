"""`python -m tests.support.plain_server <port> <drain seconds>`: StreamingServer with a small ASGI application.

Paths: `/flood` (WebSocket or HTTP) sends 32 KiB pieces without end, `/echo` (WebSocket) streams through the
product's base, `/slow` answers after a second, `/sent` tells how many pieces the floods have sent.
"""

from streaming.transport.server import StreamingServer  # isort: skip  # it chooses Twisted's reactor

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from typing import Any

from streaming.transport.closing import CloseCode, StreamClosedError
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
        await asyncio.sleep(1)
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


if __name__ == "__main__":
    server = StreamingServer(
        application, endpoints=[f"tcp:port={sys.argv[1]}:interface=127.0.0.1"], drain_seconds=float(sys.argv[2])
    )
    server.run()
