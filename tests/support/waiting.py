"""Wait for a condition, never for a time."""

import time
from collections.abc import Callable

# Ends waiting on the busiest machine and promises nothing; it costs time only where something has failed.
PATIENCE_SECONDS = 45.0


def until[T](condition: Callable[[], T], what: str, *, seconds: float = PATIENCE_SECONDS, every: float = 0.02) -> T:
    """The first true value of `condition`. Raises TimeoutError that says what did not happen."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(every)
    return value


def holds(condition: Callable[[], bool], what: str, *, seconds: float, every: float = 0.05) -> None:
    """`condition` is true now and stays true for some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            raise AssertionError(f"{what}: no longer so")
        time.sleep(every)
