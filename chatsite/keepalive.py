"""How soon a connection is found dead that nobody has ended, because the network to the other end drops every packet.

By itself TCP takes a quarter of an hour where something was sent, and two hours or for ever where nothing was.
Knows sockets and how their options are called elsewhere; knows no address.
"""

import socket
from typing import Any

SILENT_SECONDS = 5  # one lease: whoever waits behind such a connection learns of it when others may take over
IDLE_SECONDS = 2
_OPTIONS = {
    "TCP_KEEPIDLE": IDLE_SECONDS,
    "TCP_KEEPINTVL": 1,
    "TCP_KEEPCNT": SILENT_SECONDS - IDLE_SECONDS,
    "TCP_USER_TIMEOUT": SILENT_SECONDS * 1000,  # Linux only; the others have probes alone
}

# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
LIBPQ = {
    "connect_timeout": SILENT_SECONDS,
    "keepalives_idle": IDLE_SECONDS,
    "keepalives_interval": 1,
    "keepalives_count": SILENT_SECONDS - IDLE_SECONDS,
    "tcp_user_timeout": SILENT_SECONDS * 1000,
}
# PostgreSQL's own side: sessions of a process that was cut off must not count against its connections for two hours.
POSTGRESQL_SESSION = (
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=5 -c tcp_user_timeout=10000"
)
# For `setsockopt` at the level of TCP.
SOCKET_OPTIONS: dict[int, int] = {
    getattr(socket, name): value for name, value in _OPTIONS.items() if hasattr(socket, name)
}
# As redis-py wants to be told, and Kombu for it.
REDIS: dict[str, Any] = {"socket_keepalive": True, "socket_keepalive_options": SOCKET_OPTIONS}
