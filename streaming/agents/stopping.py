"""Iterate over something until somebody says stop, also in the middle of a wait. Knows no agent."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator


class StoppedError(Exception):
    """Somebody said stop."""


async def until_stopped[T](items: AsyncIterator[T], stop: asyncio.Event | None) -> AsyncGenerator[T]:
    """`items`; raises `StoppedError` as soon as `stop` is set, even while the next item is being waited for.

    Closes `items` at the end, if they can be closed.
    """
    waiting: list[asyncio.Timeout] = []
    watcher = asyncio.ensure_future(_interrupt(waiting, stop)) if stop is not None else None
    try:
        while stop is None or not stop.is_set():
            try:
                # a time-out without a time: the same careful cancelling, set off by the event
                async with asyncio.timeout(None) as scope:
                    waiting[:] = [scope]
                    try:
                        item = await anext(items)
                    finally:
                        waiting.clear()
            except StopAsyncIteration:
                return
            except TimeoutError:
                if not scope.expired():
                    raise
                break
            yield item
        raise StoppedError
    finally:
        if watcher is not None:
            watcher.cancel()
        if isinstance(items, AsyncGenerator):
            await items.aclose()


async def _interrupt(waiting: list[asyncio.Timeout], stop: asyncio.Event) -> None:
    await stop.wait()
    for scope in waiting:
        scope.reschedule(asyncio.get_running_loop().time())
