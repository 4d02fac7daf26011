"""A page's socket: hello, resume, frames, acknowledgements. Knows the contract's messages; knows no event."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
from django.conf import settings
from django.http import parse_cookie
from structlog.contextvars import bind_contextvars

from streaming.delivery.credit import ACKNOWLEDGE_SECONDS, Credit, CreditError
from streaming.delivery.messages import Ack, Hello, Resume, decode_message, encode_message
from streaming.errors import InvalidInputError
from streaming.log import Cursor
from streaming.models.database import in_database
from streaming.transport.closing import CloseCode, StreamClosedError
from streaming.transport.socket import StreamSocket
from streaming.web.admission import Admission, admit
from streaming.web.build import build
from streaming.web.feed import Feed

RESUME_SECONDS = 10.0


class ConversationSocket(StreamSocket):
    """`/ws/c/<conversation>/` of docs/delivery.md."""

    _admission: Admission
    _feed: Feed
    _credit: Credit
    _resumed: asyncio.Future[str]
    _watching: asyncio.TimerHandle

    async def admit(self) -> bool:
        self._session_key = session_key_of(self.scope)
        try:
            conversation_id = self.scope["url_route"]["kwargs"]["conversation_id"]
            bind_contextvars(conversation=conversation_id)
            self._admission = await in_database(admit, self._session_key, conversation_id)
        except StreamClosedError:
            return False
        self._credit = Credit()
        self._feed = Feed(self._admission, session_key=self._session_key, credit=self._credit)
        self._resumed = asyncio.get_running_loop().create_future()
        return True

    async def stream(self) -> AsyncGenerator[str]:
        yield encode_message(Hello(build(), self._admission.epoch, self._admission.head)).decode()
        cursor = await self._resumed_at()
        self._watch()
        try:
            async for sent in self._feed.messages(cursor):
                yield sent.body.decode()
        finally:
            self._watching.cancel()

    def heard(self, text: str) -> None:
        try:
            message = decode_message(text)
        except msgspec.DecodeError:
            raise StreamClosedError(CloseCode.PROTOCOL) from None
        match message:
            case Resume() if not self._resumed.done():
                self._resumed.set_result(message.cursor)
            case Ack() if self._resumed.done():
                self._acknowledge(message.seq)
            case _:
                raise StreamClosedError(CloseCode.PROTOCOL)

    async def _resumed_at(self) -> Cursor | None:
        """Where the page stands; None when it cannot say, or not in a way that is understood."""
        try:
            async with asyncio.timeout(RESUME_SECONDS):
                text = await self._resumed
        except TimeoutError:
            raise StreamClosedError(CloseCode.PROTOCOL) from None
        return cursor_of(text)

    def _acknowledge(self, seq: int) -> None:
        try:
            self._feed.acknowledge(seq)
        except CreditError:
            raise StreamClosedError(CloseCode.PROTOCOL) from None

    def _watch(self) -> None:
        """Close when nothing is acknowledged in time; a reader that stopped may hold up everything else here."""
        loop = asyncio.get_running_loop()
        overdue = self._credit.overdue_at
        if overdue is not None and overdue <= loop.time():
            self.close_soon(CloseCode.UNACKNOWLEDGED)
        else:
            self._watching = loop.call_at(overdue or loop.time() + ACKNOWLEDGE_SECONDS, self._watch)


def cursor_of(text: str) -> Cursor | None:
    """The cursor a page names, None when it is none: then a snapshot helps."""
    try:
        return Cursor.parse(text)
    except InvalidInputError:
        return None


def session_key_of(scope: dict[str, Any]) -> str:
    """The key of the session whose cookie came with the handshake, or ""."""
    cookies = "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie")
    return parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME, "")
