"""What both servers agree on: limits of a connection, and how open ones are counted. Knows no server."""

from typing import NamedTuple

PING_SECONDS = 20.0
PONG_SECONDS = 30.0  # a page that answers no ping for so long is gone
MAX_MESSAGE_BYTES = 1024 * 1024  # of what the other side sends; our own pages stay under 1 KiB
CLOSING_SECONDS = 5.0  # beyond a drain: for the last request, and for closing handshakes


class Connections(NamedTuple):
    """Open sockets, and requests that are being answered."""

    websocket: int
    http: int
