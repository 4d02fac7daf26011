"""The engine's life inside a server process: started before the first page, stopped after the last."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def engine_running(*, sole: bool, drain_seconds: float) -> Iterator[None]:
    """Run the engine of this process meanwhile. `sole` says that no other engine can be alive.

    At the end, answers in progress get `drain_seconds` to finish; the next engine takes over what is left.
    """
    from streaming.runs import service

    service.start(sole_owner=sole)
    try:
        yield
    finally:
        service.stop(drain_seconds=drain_seconds)
