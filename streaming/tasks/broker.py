"""Whether the broker answers. Knows no task."""

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


def prove_broker(*, seconds: float) -> str:
    """Ask the broker something, on a connection of its own; its address without its password.

    Blocks for a few times `seconds` at most. Raises what its client raises.
    """
    app = import_string(settings.CELERY_APP)
    is_redis = not app.conf.broker_url.startswith("amqp")
    names = ("socket_timeout", "socket_connect_timeout") if is_redis else ("read_timeout", "write_timeout")
    options = dict.fromkeys(names, seconds)
    with app.connection_for_write(connect_timeout=seconds, transport_options=options) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, timeout=seconds)
        channel: Any = broker.default_channel
        if is_redis:
            channel.client.ping()
        return str(broker.as_uri())
