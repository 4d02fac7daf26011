"""uvicorn that ends as politely as our Daphne does, and cuts readers that stopped. Knows no consumer and no page.

Of itself uvicorn waits for its readers, for ever, and ends on SIGTERM by closing every socket at once.
"""

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from streaming.transport import gate
from streaming.transport.connections import (
    CLOSING_SECONDS,
    MAX_MESSAGE_BYTES,
    PING_SECONDS,
    PONG_SECONDS,
    Connections,
)
from streaming.transport.drain import Drain, draining

logger = logging.getLogger(__name__)

KEEP_ALIVE_SECONDS = 120  # longer than a proxy keeps an idle connection, so that it is never the server who ends it
LOOK_SECONDS = 0.05


class _Impatient(asyncio.Protocol):
    """Cuts a connection that took nothing for a minute. Before uvicorn's protocol in the order of bases."""

    transport: asyncio.Transport
    _stalled: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = asyncio.get_running_loop().call_later(gate.STALLED_SECONDS, self._cut)

    def resume_writing(self) -> None:
        self._forget()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _forget(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()

    def _cut(self) -> None:
        logger.info("A connection took nothing for %s s and was cut.", gate.STALLED_SECONDS)
        self.transport.abort()


class HttpProtocol(_Impatient, H11Protocol):
    """Requests and event streams."""

    @property
    def is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete


class SocketProtocol(_Impatient, WebSocketsSansIOProtocol):
    """WebSockets, closed without waiting for a reader that does not read."""

    async def send(self, message: Any) -> None:
        closing = message["type"] == "websocket.close"
        if closing:
            self.writable.set()
        await super().send(message)
        if closing:
            self.loop.call_later(CLOSING_SECONDS, self.transport.abort)


class UvicornServer(uvicorn.Server):
    """SIGTERM or SIGINT drains, a second one ends at once. `ready` is called, on a thread, when it listens."""

    def __init__(
        self,
        application: Any,
        *,
        host: str,
        port: int,
        drain_seconds: float = 5.0,
        drain: Drain = draining,
        ready: Callable[[], object] = lambda: None,
    ) -> None:
        config = uvicorn.Config(
            application,
            host=host,
            port=port,
            loop="asyncio",
            http=HttpProtocol,
            ws=SocketProtocol,
            ws_max_size=MAX_MESSAGE_BYTES,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PONG_SECONDS,
            ws_per_message_deflate=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            lifespan="off",
            proxy_headers=False,  # Django decides which proxies are believed
            server_header=False,
            headers=[("server", "chatsite")],
            log_config=None,
            access_log=False,
        )
        super().__init__(config)
        self._drain = drain
        self._drain_seconds = drain_seconds
        self._ready = ready
        self.listening_addresses: list[tuple[str, int]] = []

    @property
    def open_connections(self) -> Connections:
        connections = self.server_state.connections
        sockets = sum(isinstance(each, SocketProtocol) for each in connections)
        return Connections(sockets, sum(isinstance(each, HttpProtocol) and each.is_answering for each in connections))

    async def startup(self, sockets: Any = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:  # the port is taken; whoever runs the server says so
            self.should_exit = True
            return
        self.listening_addresses = [each.getsockname()[:2] for server in self.servers for each in server.sockets]
        await asyncio.to_thread(self._ready)

    async def shutdown(self, sockets: Any = None) -> None:  # noqa: ARG002 - uvicorn's signature; we give it none
        """Listen no more, let streams and requests end, then stop."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            if isinstance(connection, HttpProtocol):
                connection.shutdown()  # the idle ones now, the others after their answer
        self._drain.begin(seconds=self._drain_seconds)
        deadline = asyncio.get_running_loop().time() + self._drain_seconds + CLOSING_SECONDS
        while any(self.open_connections) and not self.force_exit:
            if asyncio.get_running_loop().time() > deadline:
                logger.warning("Ending with %s.", self.open_connections)
                break
            await asyncio.sleep(LOOK_SECONDS)
        await self._end()

    async def _end(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        tasks = set(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSING_SECONDS)

    def begin_drain(self) -> None:
        """As a signal does: the first drains, the second ends at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Not as uvicorn's, which sends itself the signal again at the end: the engine has to be stopped then."""
        if threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            for name in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(name, self.begin_drain)
        yield
