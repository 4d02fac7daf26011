"""Wait for a condition on an event loop, never for a time."""

import asyncio
from collections.abc import Callable

from tests.support.waiting import PATIENCE_SECONDS


async def eventually[T](condition: Callable[[], T], what: str = "", *, seconds: float = PATIENCE_SECONDS) -> T:
    """The first true value of `condition`. Raises TimeoutError that says what did not happen."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not (value := condition()):
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"{what or condition}: not within {seconds:g} s")
        await asyncio.sleep(0.01)
    return value
