"""Listen to one group of a channel layer and survive its absence. Knows no message."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Self

logger = logging.getLogger(__name__)

FIRST_SECONDS = 1.0  # how long a listener waits for a layer that does not answer before it goes on without
RETRY_SECONDS = 1.0
MAX_RETRY_SECONDS = 5.0


class Ear[T]:
    """Messages of `group`, each made a `T` by `read`; `unsure` stands for what may have been missed.

    A layer that cannot be reached is tried again after 1 to 5 seconds; the first thing heard after that is `unsure`.
    """

    def __init__(self, layer: Any, group: str, *, read: Callable[[dict[str, Any]], T], unsure: T) -> None:
        self._layer = layer
        self._group = group
        self._read = read
        self._unsure = unsure
        self._channel = ""
        self._connecting: asyncio.Task[str] | None = None
        self._pending: asyncio.Task[dict[str, Any]] | None = None

    async def __aenter__(self) -> Self:
        self._connecting = asyncio.create_task(self._connect())
        await asyncio.wait({self._connecting}, timeout=FIRST_SECONDS)
        if self._connecting.done():
            self._channel = self._connecting.result()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._connecting is not None and not self._connecting.done():
            self._connecting.cancel()
            await asyncio.wait({self._connecting})
        if self._channel:
            await self._disconnect()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if not self._channel or self._pending is not None:
            heard = await self.next()
            assert heard is not None
            return heard
        return self._read(await self._layer.receive(self._channel))

    async def next(self, timeout: float | None = None) -> T | None:  # noqa: ASYNC109 - cancelling a receive would end the channel
        """The next message, or None after `timeout` seconds without one."""
        if not self._channel:
            return await self._first(timeout)
        if self._pending is None:
            self._pending = asyncio.ensure_future(self._layer.receive(self._channel))
        await asyncio.wait({self._pending}, timeout=timeout)
        if not self._pending.done():
            return None
        message, self._pending = self._pending.result(), None
        return self._read(message)

    async def _first(self, seconds: float | None) -> T | None:
        assert self._connecting is not None
        await asyncio.wait({self._connecting}, timeout=seconds)
        if not self._connecting.done():
            return None
        self._channel = self._connecting.result()
        return self._unsure

    async def _connect(self) -> str:
        pause = RETRY_SECONDS
        while True:
            try:
                channel: str = await self._layer.new_channel()
                await self._layer.group_add(self._group, channel)
            except Exception as error:  # noqa: BLE001 - whatever a layer raises, it is tried again
                logger.log(
                    logging.WARNING if pause == RETRY_SECONDS else logging.DEBUG,
                    "No doorbell for %s yet: %s: %s",
                    self._group,
                    type(error).__name__,
                    error,
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, MAX_RETRY_SECONDS)
            else:
                return channel

    async def _disconnect(self) -> None:
        try:
            async with asyncio.timeout(FIRST_SECONDS):
                await self._layer.group_discard(self._group, self._channel)
                await self._forget_channel()
        except Exception as error:  # noqa: BLE001 - leaving must not fail because Redis is away
            logger.debug("Left %s without saying so: %r", self._group, error)

    async def _forget_channel(self) -> None:
        """End the channel: channels_redis' pub/sub layer unsubscribes when a `receive` is cancelled."""
        receiving = self._pending or asyncio.ensure_future(self._layer.receive(self._channel))
        await asyncio.sleep(0)
        receiving.cancel()
        await asyncio.wait({receiving})
