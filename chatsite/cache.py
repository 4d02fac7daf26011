"""A cache in Redis that goes on in the memory of this process while Redis is away or refuses.

Knows not what is kept in it.

What counts on it are the limits on guessing passwords: they hold without Redis too, for each process by itself.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from chatsite.sentinel_client import SentinelClient

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 1.0  # somebody waits for the page; a Redis in the same network needs a millisecond
AGAIN_SECONDS = 2.0  # how long nobody waits for a Redis that did not answer
PROOF = "takes-writes"
ENTRIES = 100_000  # who guesses at many accounts must not push out the count of one; some 300 bytes each


@dataclass(slots=True)
class _Outage:
    """Whether a Redis is away or refuses, for all threads of the process: Django makes a cache for each.

    It ends when Redis has taken a write. One that is full or a replica still answers to reading, with counts that
    are no longer kept there.
    """

    until: float = 0.0  # monotonic seconds
    lasts: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def began(self, error: Exception) -> None:
        with self.lock:
            self.until = time.monotonic() + AGAIN_SECONDS
            if not self.lasts:
                self.lasts = True
                kind = type(error).__name__
                logger.warning("Redis is away or refuses (%s): what it counts is counted in this process.", kind)

    def is_over(self, prove: Callable[[], object]) -> bool:
        """Whether there is none (any more). One thread each `AGAIN_SECONDS` has `prove` find out."""
        with self.lock:
            if not self.lasts:
                return True
            if time.monotonic() < self.until:
                return False
            self.until = time.monotonic() + AGAIN_SECONDS
        try:
            prove()
        except RedisError:
            return False
        with self.lock:
            self.lasts = False
        logger.info("Redis answers again.")
        return True


_outages: dict[str, _Outage] = {}


class _SentinelCache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = SentinelClient


class RedisElseMemoryCache(BaseCache):
    """Django's Redis cache at `LOCATION`, and its cache in memory while that is away or refuses."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        waits = {"socket_connect_timeout": ANSWER_SECONDS, "socket_timeout": ANSWER_SECONDS}
        once_more = Retry(NoBackoff(), 1)  # a kept connection may be of a former Redis
        given = params.get("OPTIONS", {})
        kind = _SentinelCache if "sentinels" in given else RedisCache
        self._redis = kind(location, {**params, "OPTIONS": {**given, **waits, "retry": once_more}})
        self._memory = LocMemCache(location, {**params, "OPTIONS": {"MAX_ENTRIES": ENTRIES}})
        self._outage = _outages.setdefault(location, _Outage())

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._either(lambda cache: cache.add(key, value, timeout, version))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._either(lambda cache: cache.get(key, default, version))

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._either(lambda cache: cache.set(key, value, timeout, version))

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._either(lambda cache: cache.touch(key, timeout, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._either(lambda cache: cache.delete(key, version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return self._either(lambda cache: cache.incr(key, delta, version))

    def clear(self) -> None:
        self._either(lambda cache: cache.clear())

    def _either[T](self, ask: Callable[[BaseCache], T]) -> T:
        if self._outage.is_over(lambda: self._redis.set(PROOF, 1, AGAIN_SECONDS)):
            try:
                return ask(self._redis)
            except RedisError as error:
                self._outage.began(error)
        return ask(self._memory)
