"""The Django application of the product. Starts no work: importing it must stay free of side effects."""

import atexit
from typing import Any

from django.apps import AppConfig


class StreamingConfig(AppConfig):
    name = "streaming"
    label = "streaming"
    verbose_name = "Streaming"

    def ready(self) -> None:
        from streaming.runs.telling import watch_accounts

        watch_accounts()
        atexit.register(close_pools)


def close_pools() -> None:
    """Let go of every connection: the threads of a pool of psycopg hold up the end of a process by 20 s."""
    from django.db import connections

    each: Any
    for each in connections.all(initialized_only=True):
        if each.vendor == "postgresql":
            each.close()
            each.close_pool()
