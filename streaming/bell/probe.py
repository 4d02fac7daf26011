"""Whether the doorbell can be heard: by ringing and listening, as everybody else does here. Knows no stream."""

import asyncio
from contextlib import suppress

from channels.layers import get_channel_layer


async def hear_yourself(*, seconds: float) -> None:
    """Send a message through the channel layer and receive it. Raises what the layer raises, or `TimeoutError`.

    On the loop of the server it goes over the same connection as the hints that viewers wait for.
    """
    layer = get_channel_layer()
    async with asyncio.timeout(seconds):
        channel = await layer.new_channel()
        receiving = asyncio.ensure_future(layer.receive(channel))
        try:
            await layer.send(channel, {"type": "probe"})
            await asyncio.shield(receiving)
            # channels_redis' pub/sub layer forgets a channel only when a `receive` is cancelled.
            receiving = asyncio.ensure_future(layer.receive(channel))
            await asyncio.sleep(0)
        finally:
            receiving.cancel()
            with suppress(asyncio.CancelledError):
                await receiving
