"""The life of the engine, or of the reaper, inside a server process: from before the first page to the last."""

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


@contextmanager
def reaper_running() -> Iterator[None]:
    """Look meanwhile for runs of dead engines: beside workers that may all be gone."""
    from streaming.runs.reaper import ReaperThread

    reaper = ReaperThread()
    reaper.start()
    try:
        yield
    finally:
        reaper.stop()
