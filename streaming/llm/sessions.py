"""One HTTP session per event loop, so that connections are used again. Knows no model API."""

import asyncio
import threading
import warnings
from collections.abc import AsyncGenerator

import aiohttp

KEEPALIVE_SECONDS = 30.0  # a conversation's next question often comes within it, and saves a TLS handshake
TLS_CLOSING_SECONDS = 0.1  # a model at work answers no farewell, and its connection has to end for it to stop

_Holder = tuple[AsyncGenerator[aiohttp.ClientSession], aiohttp.ClientSession]
_holders: dict[asyncio.AbstractEventLoop, _Holder] = {}
_lock = threading.Lock()  # loops live on several threads


def new_session() -> aiohttp.ClientSession:
    """A session whose connections close at once, whether or not the other side takes its leave (asyncio: 30 s)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # aiohttp 3 has no other way to say it yet
        connector = aiohttp.TCPConnector(
            limit=0, keepalive_timeout=KEEPALIVE_SECONDS, ssl_shutdown_timeout=TLS_CLOSING_SECONDS
        )
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


async def shared_session() -> aiohttp.ClientSession:
    """The running loop's session. `asyncio.run`, and whatever ends its loop as it does, closes it."""
    loop = asyncio.get_running_loop()
    held = _holders.get(loop)
    if held is not None and not held[1].closed:
        return held[1]
    holder = _opened(loop)
    session = await anext(holder)  # does not wait, so no other task comes between
    with _lock:
        for other in [known for known in _holders if known.is_closed()]:
            _holders.pop(other)[1].detach()  # it was not ended as it should; its sockets go with it
        _holders[loop] = holder, session
    return session


async def close_session() -> None:
    """Close the running loop's session, if it has one."""
    with _lock:
        held = _holders.pop(asyncio.get_running_loop(), None)
    if held is not None:
        await held[0].aclose()


async def _opened(loop: asyncio.AbstractEventLoop) -> AsyncGenerator[aiohttp.ClientSession]:
    """A generator that waits for its end, because ending a loop closes its generators, and only those."""
    async with new_session() as session:
        try:
            yield session
        finally:
            with _lock:
                _holders.pop(loop, None)
