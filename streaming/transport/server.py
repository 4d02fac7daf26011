"""Daphne that waits for its readers and ends politely. Knows connections and bytes; knows no consumer and no page.

Daphne takes what an application sends without bound, and ends on SIGTERM by cutting every connection.
"""

from daphne.server import Server  # isort: skip  # it chooses Twisted's reactor, before anything else does

import asyncio
import logging
import signal
import threading
from typing import Any

from autobahn.exception import Disconnected
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer, reactor

from streaming.transport.connections import (
    CLOSING_SECONDS,
    MAX_MESSAGE_BYTES,
    PING_SECONDS,
    PONG_SECONDS,
    Connections,
)
from streaming.transport.drain import Drain, draining
from streaming.transport.eager import EagerWebSocketProtocol
from streaming.transport.gate import Gate

logger = logging.getLogger(__name__)


class StreamingServer(Server):
    """`send` returns when the connection can take more; SIGTERM or SIGINT drains, a second one ends at once."""

    def __init__(
        self, application: Any, *, drain_seconds: float = 5.0, drain: Drain = draining, **options: Any
    ) -> None:
        daphne: Any = super()
        daphne.__init__(
            application,
            signal_handlers=False,
            ping_interval=PING_SECONDS,
            ping_timeout=PONG_SECONDS,
            websocket_max_message_size=MAX_MESSAGE_BYTES,
            websocket_max_frame_size=MAX_MESSAGE_BYTES,
            **options,
        )
        self._drain = drain
        self._drain_seconds = drain_seconds
        self._ports: list[Any] = []
        self._draining: asyncio.Task[None] | None = None
        self._empty = asyncio.Event()
        self.connections: dict[Any, dict[str, Any]] = {}

    @property
    def open_connections(self) -> Connections:
        living = [protocol for protocol, details in self.connections.items() if "disconnected" not in details]
        sockets = sum(isinstance(protocol, WebSocketProtocol) for protocol in living)
        return Connections(sockets, len(living) - sockets)

    def run(self) -> None:
        daphne: Any = super()
        reactor.callWhenRunning(self._write_eagerly)
        if threading.current_thread() is threading.main_thread():
            reactor.callWhenRunning(self._listen_to_signals)
        daphne.run()

    def begin_drain(self) -> None:
        """Listen no more, let streams and requests end, then stop. Called on the server's loop; again: stop now."""
        if self._draining is not None:
            self._stop()
            return
        self._draining = asyncio.ensure_future(self._end_politely())

    def listen_success(self, port: Any) -> None:
        daphne: Any = super()
        self._ports.append(port)
        daphne.listen_success(port)

    def protocol_connected(self, protocol: Any) -> None:
        daphne: Any = super()
        daphne.protocol_connected(protocol)
        if isinstance(protocol, WebSocketProtocol):
            # The HTTP channel that this connection began as is still registered there.
            transport: Any = protocol.transport
            transport.unregisterProducer()
            gate = self.connections[protocol]["gate"] = Gate(transport)
            transport.registerProducer(gate, True)

    def protocol_disconnected(self, protocol: Any) -> None:
        daphne: Any = super()
        daphne.protocol_disconnected(protocol)
        if self._draining is not None and not any(self.open_connections):
            self._empty.set()

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        details = self.connections.get(protocol)
        if details is None or "disconnected" in details:
            return
        kind = message["type"]
        if kind == "http.response.start" and self._draining is not None:
            protocol.channel.persistent = False  # the next request goes to the next server
        if kind == "http.response.body":
            self._gate_response(protocol, details, more=message.get("more_body", False))
        if kind == "websocket.send":
            try:
                protocol.handle_reply(message)
            except Disconnected:  # the other side has begun to close; the disconnect message follows
                return
        else:
            daphne: Any = super()
            await daphne.handle_reply(protocol, message)
        gate = details.get("gate")
        if gate is not None and not gate.is_open and kind != "websocket.close":
            await gate.passable()

    def kill_all_applications(self) -> Any:
        """As Daphne's, which fails when a connection has no application (yet, or any more)."""
        running = [each for d in self.connections.values() if (each := d.get("application_instance"))]
        for each in running:
            each.cancel()
        return defer.Deferred.fromFuture(asyncio.gather(*running, return_exceptions=True))

    def _gate_response(self, request: Any, details: dict[str, Any], *, more: bool) -> None:
        """A response in pieces waits for its reader, until its last piece."""
        if more and "gate" not in details and request.channel is not None:
            gate = details["gate"] = Gate(request.transport)
            request.registerProducer(gate, True)
        elif not more and details.pop("gate", None) is not None:
            request.unregisterProducer()

    def _write_eagerly(self) -> None:
        self.ws_factory.protocol = EagerWebSocketProtocol

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_event_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.begin_drain)

    async def _end_politely(self) -> None:
        for port in self._ports:
            port.stopListening()
        self._drain.begin(seconds=self._drain_seconds)
        if any(self.open_connections):
            try:
                async with asyncio.timeout(self._drain_seconds + CLOSING_SECONDS):
                    await self._empty.wait()
            except TimeoutError:
                logger.warning("Ending with %s.", self.open_connections)
        self._stop()

    def _stop(self) -> None:
        daphne: Any = self
        daphne.stop()
