"""Ask again when a model API is busy, and ask another model, but never once a token has arrived. Knows no HTTP."""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import msgspec

from streaming.events import EventData
from streaming.llm.errors import ModelError, ModelUnreachableError, RateLimitedError
from streaming.llm.provider import Provider
from streaming.llm.request import ChatRequest

# Errors after which nothing was answered and nothing is being answered. A time-out is not among
# them: the first request may still be at work, and be paid for.
REPEATED = (RateLimitedError, ModelUnreachableError)


class RetryPolicy(msgspec.Struct, frozen=True):
    """Waits of `first_seconds`, doubled each time up to `longest_seconds`, half of each by chance.

    What `Retry-After` says counts instead, up to `longest_seconds`; if it says more, the error is final.
    """

    attempts: int = 3
    first_seconds: float = 0.5
    longest_seconds: float = 20.0

    def delay(self, attempt: int, error: ModelError) -> float | None:
        """Seconds to wait after failed attempt number `attempt` (from 1); `None`: give up."""
        if attempt >= self.attempts or not isinstance(error, REPEATED):
            return None
        told = error.retry_after if isinstance(error, RateLimitedError) else None
        if told is not None:
            return told if told <= self.longest_seconds else None
        full: float = min(self.longest_seconds, self.first_seconds * 2.0 ** min(attempt - 1, 32))
        return full * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, keeps no secret


Candidate = tuple[Provider, str]  # a provider and the model to ask for


async def stream_with_retry(
    request: ChatRequest, candidates: Sequence[Candidate], *, policy: RetryPolicy
) -> AsyncGenerator[EventData]:
    """The answer of the first candidate that begins to answer; `request.model` is replaced by the candidate's.

    Raises the last candidate's error, or any error once an event has arrived.
    """
    for position, (provider, model) in enumerate(candidates):
        asked = msgspec.structs.replace(request, model=model)
        attempt = 0
        while True:
            attempt += 1
            begun = False
            try:
                async with aclosing(provider.stream(asked)) as events:
                    async for event in events:
                        begun = True
                        yield event
            except ModelError as error:
                if begun:
                    raise
                wait = policy.delay(attempt, error)
                if wait is None and position + 1 == len(candidates):
                    raise
            else:
                return
            if wait is None:
                break
            await asyncio.sleep(wait)
