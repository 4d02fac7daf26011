"""Where a sender waits while a connection's write buffer is full. Knows Twisted's producers; knows no protocol."""

import asyncio
import logging
from typing import Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer  # type: ignore[import-untyped]  # has no types

logger = logging.getLogger(__name__)

STALLED_SECONDS = 60.0  # a reader that takes nothing for so long is gone; its connection would be kept for ever


@implementer(IPushProducer)
class Gate:
    """Twisted closes it above 64 KiB of unsent bytes and opens it when they are sent or the connection is lost."""

    def __init__(self, transport: Any) -> None:
        self.is_open = True
        self._transport = transport
        self._opened = asyncio.Event()

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        self.is_open = False
        self._opened.clear()

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        self.is_open = True
        self._opened.set()

    stopProducing = resumeProducing  # noqa: N815 - Twisted's name

    async def passable(self) -> None:
        """Return when more may be written. A connection that stalls for a minute is cut."""
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await self._opened.wait()
        except TimeoutError:
            logger.info("A connection took nothing for %s s and was cut.", STALLED_SECONDS)
            self._transport.abortConnection()
