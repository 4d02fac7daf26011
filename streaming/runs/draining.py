"""Let the runs at hand end, for a while, and say how many are left. Knows no signal."""

import asyncio
import logging

from streaming.runs.holding import Holding

logger = logging.getLogger(__name__)

SAID_EACH_SECONDS = 1.0


async def drain(holding: Holding, *, claiming: asyncio.Lock, seconds: float, hurry: asyncio.Event) -> None:
    """Wait until nothing is held, for `seconds` or until `hurry` is set.

    What is being claimed at this moment, under the lock `claiming`, is waited for like the rest.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    hurrying = asyncio.ensure_future(hurry.wait())
    try:
        while (rest := until - loop.time()) > 0 and not hurrying.done():
            if holding:
                logger.info("draining; runs left: %d", len(holding), extra={"seconds": round(rest, 1)})
            ended = asyncio.ensure_future(_ended(holding, claiming))
            await asyncio.wait(
                {ended, hurrying}, timeout=min(rest, SAID_EACH_SECONDS), return_when=asyncio.FIRST_COMPLETED
            )
            if ended.done():
                break
            ended.cancel()
    finally:
        hurrying.cancel()
    logger.info("drained; runs handed over: %d", len(holding))


async def _ended(holding: Holding, claiming: asyncio.Lock) -> None:
    async with claiming:
        pass
    await holding.wait(seconds=float("inf"))
