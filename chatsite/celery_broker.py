"""What a broker's transport has to be told. Knows addresses."""

from typing import Any
from urllib.parse import urlsplit

from chatsite import keepalive

REDIS = {
    # A message of a dead worker comes back after seconds, not after the hour Celery takes by itself.
    "visibility_timeout": 900,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    # A broker that is away must not hold up the person who sends a prompt.
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    # A worker whose broker fell silent finds out, and comes back by itself, after some ten seconds, not fifty.
    "health_check_interval": 5,
    **keepalive.REDIS,
}
RABBITMQ = {
    "confirm_publish": True,  # a wake-up that the broker dropped is said in the log
    "socket_settings": keepalive.SOCKET_OPTIONS,
}


def transport_options(broker: str) -> dict[str, Any]:
    """Options for Kombu's transport of this address; each transport knows only its own."""
    scheme = urlsplit(broker).scheme
    if scheme in {"redis", "rediss", "redis+socket", "sentinel"}:
        return dict(REDIS)
    return dict(RABBITMQ) if scheme in {"amqp", "amqps", "pyamqp"} else {}
