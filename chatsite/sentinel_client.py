"""A client for Django's Redis cache that finds its server through sentinels. Knows no key."""

from typing import Any

from django.core.cache.backends.redis import RedisCacheClient
from redis.sentinel import Sentinel, SentinelConnectionPool


class SentinelClient(RedisCacheClient):
    """`connection` are the options of connections to whichever server is the master of `service`."""

    def __init__(
        self,
        servers: list[str],
        *,
        sentinels: list[tuple[str, int]],
        service: str,
        sentinel_kwargs: dict[str, Any],
        connection: dict[str, Any],
        **options: Any,
    ) -> None:
        super().__init__(servers, **options)
        untyped: Any = (Sentinel, SentinelConnectionPool)
        finder = untyped[0](sentinels, sentinel_kwargs=sentinel_kwargs)
        self._pools = {0: untyped[1](service, finder, **connection)}
