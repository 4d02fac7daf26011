"""A base for server-sent events (WHATWG HTML, section 9.2). Knows the format; knows no event of ours.

LF only and one `data:` line per event: some clients read nothing else.
"""

import asyncio
from collections.abc import AsyncGenerator

from django.http import StreamingHttpResponse

from streaming.transport.drain import Drain, draining

HEARTBEAT = b": hb\n\n"
HEARTBEAT_SECONDS = 3.5  # a2a-sdk's client gives up after 5 s of silence


class EventStreamResponse(StreamingHttpResponse):
    """An event stream that keeps itself alive, and ends when its process is to end."""

    def __init__(self, source: AsyncGenerator[bytes], *, drain: Drain = draining) -> None:
        super().__init__(
            heartbeating(source, drain=drain),
            content_type="text/event-stream",
            headers={"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"},
        )


def encode_event(data: bytes, *, event: str = "", cursor: str = "") -> bytes:
    """One event with its type and its id. `data` must have no line break, as JSON has none."""
    head = f"event: {event}\n" if event else ""
    if cursor:
        head += f"id: {cursor}\n"
    return head.encode() + b"data: " + data + b"\n\n"


async def heartbeating(
    source: AsyncGenerator[bytes], *, seconds: float = HEARTBEAT_SECONDS, drain: Drain = draining
) -> AsyncGenerator[bytes]:
    """What `source` gives, with a comment whenever it gives nothing for `seconds`; ends with it or with the process."""
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    pending: asyncio.Task[bytes | None] | None = None
    try:
        with drain.watching(ended.cancel):
            while True:
                pending = pending or asyncio.create_task(_next(source))
                either: set[asyncio.Future[bytes | None] | asyncio.Future[None]] = {pending, ended}
                await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
                if ended.done():
                    return
                if not pending.done():
                    yield HEARTBEAT
                    continue
                item, pending = pending.result(), None
                if item is None:
                    return
                yield item
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.wait({pending})
        await source.aclose()


async def _next(source: AsyncGenerator[bytes]) -> bytes | None:
    return await anext(source, None)
