"""Put another channel layer in place for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from channels.layers import channel_layers


@contextmanager
def layer_in_place[T](layer: T) -> Iterator[T]:
    """Meanwhile the doorbell rings on `layer`."""
    before: Any = channel_layers.set("default", layer)
    try:
        yield layer
    finally:
        channel_layers.set("default", before)
        if before is None:  # there was none yet, which is not the same as having none
            del channel_layers.backends["default"]
