"""Daphne's WebSocket protocol, writing at once. Knows frames and the transport; knows no message.

Daphne hands each message to Autobahn and that to Twisted's buffer, which asks the event loop to tell when the
socket can be written: two system calls and a round of the loop for a frame the kernel would have taken.
"""

from typing import Any

from autobahn.exception import Disconnected
from daphne.ws_protocol import WebSocketProtocol

TEXT, BINARY = 0x81, 0x82  # FIN and opcode, RFC 6455 section 5.2
SHORT, MEDIUM = 126, 1 << 16


class EagerWebSocketProtocol(WebSocketProtocol):
    """Sends a whole message as one unmasked frame, straight to the kernel while it takes it.

    Right as long as nothing else is half-way: Daphne sends whole messages, and offers no compression.
    """

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:  # noqa: N802, FBT001, FBT002 - Daphne's
        if self.state != self.STATE_OPEN:
            raise Disconnected("The other side has begun to close.")
        payload = content.encode() if isinstance(content, str) else content
        _write(self.transport, header(BINARY if binary else TEXT, len(payload)) + payload)


def header(start: int, length: int) -> bytes:
    """The head of an unmasked frame of `length` bytes."""
    if length < SHORT:
        return bytes((start, length))
    if length < MEDIUM:
        return bytes((start, 126)) + length.to_bytes(2)
    return bytes((start, 127)) + length.to_bytes(8)


def _write(transport: Any, data: bytes) -> None:
    """Write what the kernel takes now and leave the rest, or a broken connection, to the transport."""
    if _is_idle(transport):
        written = transport.writeSomeData(data)
        if isinstance(written, int):
            data = data[written:]
    if data:
        transport.write(data)


def _is_idle(transport: Any) -> bool:
    waiting = transport.dataBuffer or transport._tempDataBuffer  # noqa: SLF001 - Twisted has no other way to ask
    return not waiting and transport.connected and not transport.disconnecting
