"""A base for WebSocket consumers that stream. Knows ASGI; knows no message of ours, no database.

Channels runs one handler at a time and cleans database connections up around each, on the one thread all
consumers share: a slow query there stalls everybody. So here streaming is a task, handlers return at once,
and nothing of the database is touched.
"""

import asyncio
import logging
from abc import abstractmethod
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer

from streaming.transport.closing import CloseCode, StreamClosedError
from streaming.transport.drain import Drain, draining

logger = logging.getLogger(__name__)

Message = dict[str, Any]
NORMAL = 1000


class StreamSocket(AsyncConsumer):
    """One connection. Subclasses say who is admitted, what is streamed and what incoming text means."""

    drain: Drain = draining
    max_incoming = 1024  # characters; a page acknowledges, it does not write here

    @abstractmethod
    async def admit(self) -> bool:
        """Whether this connection is accepted; otherwise its handshake is refused."""

    @abstractmethod
    def stream(self) -> AsyncGenerator[str]:
        """The texts to send. Its end, or `StreamClosedError`, closes the socket."""

    @abstractmethod
    def heard(self, text: str) -> None:
        """Take in what the other side said, at once. Raises `StreamClosedError`."""

    @classmethod
    def as_asgi(cls, **options: Any) -> Any:
        return super().as_asgi(**options)  # type: ignore[no-untyped-call]  # Channels has no types

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        self.scope = scope
        self.base_send = send
        self._streaming: asyncio.Task[None] | None = None
        self._is_closed = False
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            await self._end()

    async def dispatch(self, message: Message) -> None:
        match message["type"]:
            case "websocket.connect":
                await self._connect()
            case "websocket.receive":
                self._hear(message.get("text"))
            case "websocket.disconnect":
                raise StopConsumer

    async def _connect(self) -> None:
        if self.drain.has_begun or not await self.admit():
            # Refused before it is accepted: a page that was let in and thrown out would come back at once.
            await self.base_send({"type": "websocket.close"})
            return
        await self.base_send({"type": "websocket.accept"})
        self._streaming = asyncio.create_task(self._stream())

    def _hear(self, text: str | None) -> None:
        if self._streaming is None or self._is_closed:
            return
        if text is None or len(text) > self.max_incoming:
            self.close_soon(CloseCode.PROTOCOL)
            return
        try:
            self.heard(text)
        except StreamClosedError as closing:
            self.close_soon(closing.code)

    async def _stream(self) -> None:
        code: int = CloseCode.FAILED
        try:
            with self.drain.watching(lambda: self.close_soon(CloseCode.REPLACED)):
                async with aclosing(self.stream()) as texts:
                    async for text in texts:
                        await self.base_send({"type": "websocket.send", "text": text})
            code = NORMAL
        except StreamClosedError as closing:
            code = closing.code
        except Exception:
            logger.exception("A socket's stream failed.")
        await self._close(code)

    def close_soon(self, code: int) -> None:
        """End the stream and close, without waiting for a reader that does not read."""
        if self._streaming is not None and not self._streaming.done() and not self._is_closed:
            self._streaming.cancel()
            self._streaming = asyncio.create_task(self._close_after(self._streaming, code))

    async def _close_after(self, streaming: asyncio.Task[None], code: int) -> None:
        await asyncio.wait({streaming})
        await self._close(code)

    async def _close(self, code: int) -> None:
        if not self._is_closed:
            self._is_closed = True
            await self.base_send({"type": "websocket.close", "code": int(code)})

    async def _end(self) -> None:
        self._is_closed = True
        if self._streaming is not None and not self._streaming.done():
            self._streaming.cancel()
            await asyncio.wait({self._streaming})
