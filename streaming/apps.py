"""The Django application of the product. Starts no work: importing it must stay free of side effects."""

import atexit
from typing import Any

from django.apps import AppConfig
from django.core.signals import request_finished


class StreamingConfig(AppConfig):
    name = "streaming"
    label = "streaming"
    verbose_name = "Streaming"

    def ready(self) -> None:
        request_finished.connect(close_request_connections, dispatch_uid="close_request_connections")
        atexit.register(close_pools)


def close_request_connections(**_signal: object) -> None:
    """Under ASGI each request has a thread of its own, whose connections nobody could use again."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def close_pools() -> None:
    """Let go of every connection: the threads of a pool of psycopg hold up the end of a process by 20 s."""
    from django.db import connections

    each: Any
    for each in connections.all(initialized_only=True):
        if each.vendor == "postgresql":
            each.close()
            each.close_pool()
