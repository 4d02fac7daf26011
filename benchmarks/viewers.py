"""Readers of answers, many in one process: they take frames, count them, and acknowledge as a page does.

A process of its own, controlled over HTTP. Written from docs/delivery.md; shares no code with the product.
"""

import asyncio
import re
import time
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from benchmarks.serving import serve
from benchmarks.texts import MARK

CURSOR = re.compile(r'data-cursor="([^"]+)"')
LOADING = 4  # pages at a time
# Acknowledgements are put together as the page does it: rule 2 of the contract.
ACK_FRAMES, ACK_SECONDS = 8, 0.25


class Message(msgspec.Struct):
    """The part of a message from the server that a reader acts on."""

    type: str
    seq: int = 0


_decoder = msgspec.json.Decoder(Message)


class Reader:
    """One socket. `product` follows the delivery contract; without it every message is a token of the relay."""

    def __init__(self, name: str, url: str, headers: dict[str, str], *, product: bool, stops: bool) -> None:
        self.name = name
        self.url = url
        self.headers = headers
        self.product = product
        self.stops = stops
        self.frames = 0
        self.bytes = 0
        self.seq = 0
        self.marked = 0.0
        self.last = 0.0
        self.closed = 0
        self.resets = 0
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self.task: asyncio.Task[None] | None = None
        self._unacknowledged = 0
        self._acknowledging: asyncio.TimerHandle | None = None

    async def open(self, session: aiohttp.ClientSession) -> None:
        """Take the page's cursor, say where to go on from, and read from then on."""
        cursor = await self._load(session) if self.product else ""
        socket_url = self.url.replace("/c/", "/ws/c/") if self.product else self.url
        self.socket = await session.ws_connect(socket_url, headers=self.headers, max_msg_size=0)
        if self.product:
            await self.socket.receive_json(timeout=20)
            await self.socket.send_json({"type": "resume", "cursor": cursor})
        if not self.stops:
            self.task = asyncio.create_task(self._read(self.socket))
        elif (transport := self.socket._response.connection) and transport.transport:  # noqa: SLF001 - no public way
            transport.transport.pause_reading()

    async def close(self) -> None:
        if self.task is not None:
            self.task.cancel()
        if self._acknowledging is not None:
            self._acknowledging.cancel()
        if self.socket is not None:
            await self.socket.close()

    async def _load(self, session: aiohttp.ClientSession) -> str:
        async with session.get(self.url, headers=self.headers) as answer:
            found = CURSOR.search(await answer.text())
        if not found:
            raise web.HTTPBadGateway(text=f"{self.url} has no cursor ({answer.status})")
        self.seq = int(found[1].split(":")[1])
        return found[1]

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            text: str = message.data
            self.frames += 1
            self.bytes += len(text.encode())
            self.last = time.monotonic()
            if not self.marked and MARK in text:
                self.marked = self.last
            if self.product:
                self._take(_decoder.decode(text))
        self.closed = socket.close_code or -1

    def _take(self, message: Message) -> None:
        if message.type not in {"frame", "reset"}:
            return
        self.resets += message.type == "reset"
        self.seq = message.seq
        self._unacknowledged += 1
        if self._unacknowledged == ACK_FRAMES:
            self._acknowledge()
        elif self._acknowledging is None:
            self._acknowledging = asyncio.get_running_loop().call_later(ACK_SECONDS, self._acknowledge)

    def _acknowledge(self) -> None:
        if self._acknowledging is not None:
            self._acknowledging.cancel()
        self._acknowledging, self._unacknowledged = None, 0
        if self.socket is not None and not self.socket.closed:
            self._sending = asyncio.create_task(self.socket.send_str(f'{{"type":"ack","seq":{self.seq}}}'))

    def facts(self) -> dict[str, Any]:
        names = ("name", "frames", "bytes", "seq", "marked", "last", "closed", "resets")
        return {name: getattr(self, name) for name in names}


class Viewers:
    """The readers of the process, in groups."""

    def __init__(self) -> None:
        self.groups: dict[str, list[Reader]] = {}
        self.session: aiohttp.ClientSession | None = None

    async def open(self, request: web.Request) -> web.Response:
        """POST /open: `{group, product, stops, headers, urls: {name: url}}`; answers when all are reading."""
        body = await request.json()
        self.session = self.session or aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        )
        readers = [
            Reader(name, url, body.get("headers", {}), product=body["product"], stops=body.get("stops", False))
            for name, url in body["urls"].items()
        ]
        self.groups.setdefault(body["group"], []).extend(readers)
        limit = asyncio.Semaphore(LOADING)

        async def open_one(reader: Reader) -> None:
            async with limit:
                assert self.session is not None
                await reader.open(self.session)

        await asyncio.gather(*map(open_one, readers))
        return web.json_response({})

    async def seen(self, request: web.Request) -> web.Response:
        """GET /seen?group=…"""
        readers = self.groups.get(request.query["group"], [])
        return web.json_response({"at": time.monotonic(), "readers": [reader.facts() for reader in readers]})

    async def forget_marks(self, request: web.Request) -> web.Response:
        """POST /forget?group=…: look for the mark of an answer anew."""
        for reader in self.groups.get(request.query["group"], []):
            reader.marked = 0.0
        return web.json_response({})

    async def close(self, request: web.Request) -> web.Response:
        """POST /close?group=…"""
        await asyncio.gather(*(reader.close() for reader in self.groups.pop(request.query["group"], [])))
        return web.json_response({})


def application() -> web.Application:
    viewers = Viewers()
    app = web.Application(client_max_size=64 << 20)
    app.router.add_post("/open", viewers.open)
    app.router.add_get("/seen", viewers.seen)
    app.router.add_post("/forget", viewers.forget_marks)
    app.router.add_post("/close", viewers.close)

    async def closing(_app: web.Application) -> None:
        for group in viewers.groups.values():
            await asyncio.gather(*(reader.close() for reader in group), return_exceptions=True)
        if viewers.session is not None:
            await viewers.session.close()

    app.on_cleanup.append(closing)
    return app


if __name__ == "__main__":
    serve(application())
