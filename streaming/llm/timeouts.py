"""How long to wait for a model, and a watch that ends the wait. Knows no format."""

import asyncio

import aiohttp
import msgspec

from streaming.llm.errors import ModelTimeoutError, Waiting


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds to wait for the connection, the first token, anything after a token, and the whole answer.

    A reasoning model may think for minutes before its first token; pings count as a sign of life
    between tokens, because servers send them while a tool works.
    """

    connect: float = 10.0
    first_token: float = 180.0
    between_tokens: float = 90.0
    whole: float = 3600.0


class ReadWatch:
    """Reads a response and closes it when a wait is too long.

    One timer per stream that looks again later, instead of one per read: setting and cancelling
    a timer for each token costs 2 to 3 µs. Time in which nobody reads counts for `whole` only.
    """

    def __init__(self, response: aiohttp.ClientResponse, timeouts: Timeouts, *, start: float) -> None:
        self.expired: ModelTimeoutError | None = None
        self._response = response
        self._content = response.content
        self._timeouts = timeouts
        self._loop = asyncio.get_running_loop()
        self._start = start
        self._begun = False
        self._reading_since: float | None = None
        self._timer = self._loop.call_at(self._limit(start)[0], self._look)

    async def read(self) -> bytes:
        """The next bytes, b"" at the end. Raises aiohttp's errors, also when a wait was too long: see `expired`."""
        self._reading_since = self._loop.time()
        try:
            return await self._content.readany()
        finally:
            self._reading_since = None

    def begin(self) -> None:
        """The first token has come."""
        if not self._begun:
            self._begun = True
            self._timer.cancel()
            self._look()

    def close(self) -> None:
        """Watch no longer."""
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        limit, waiting, seconds = self._limit(now)
        if now < limit:
            self._timer = self._loop.call_at(limit, self._look)
        else:
            self.expired = ModelTimeoutError(waiting, seconds)
            self._response.close()

    def _limit(self, now: float) -> tuple[float, Waiting, float]:
        """When the wait of this moment is too long, and what it is for."""
        timeouts = self._timeouts
        whole: tuple[float, Waiting, float] = (self._start + timeouts.whole, "whole", timeouts.whole)
        if not self._begun:
            return min(whole, (self._start + timeouts.first_token, "first_token", timeouts.first_token))
        since = now if self._reading_since is None else self._reading_since
        return min(whole, (since + timeouts.between_tokens, "between_tokens", timeouts.between_tokens))
