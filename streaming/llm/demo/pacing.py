"""Yield things at a steady rate. Knows only time."""

import asyncio
from collections.abc import AsyncGenerator, Iterable


async def at_rate[T](items: Iterable[T], *, per_second: float, after_seconds: float = 0.0) -> AsyncGenerator[T]:
    """`items`, each at its own moment of a schedule laid at the start: lateness does not add up."""
    loop = asyncio.get_running_loop()
    start = loop.time() + after_seconds
    for number, item in enumerate(items):
        # one that is late still lets the others have the loop
        await asyncio.sleep(max(0.0, start + number / per_second - loop.time()))
        yield item
