"""Where the Redis is, as each of its three clients wants to be told. Knows addresses; knows no client.

Redis Cluster is not among them: Celery's transport and Django's cache cannot follow its redirections.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from chatsite import keepalive
from chatsite.environment import BadEnvironmentError, Environment

SENTINEL_PORT = 26379
REDIS_PORT = 6379
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """One Redis: at a host, at a socket's `path`, or whichever of a service the `sentinels` name as its master.

    With sentinels `host` is the name of the service.
    """

    host: str
    port: int
    path: str
    db: int
    username: str
    password: str = field(repr=False)
    tls: bool
    ca: str
    sentinels: tuple[tuple[str, int], ...]
    sentinel_password: str = field(repr=False)

    def channel_layer_host(self) -> dict[str, Any]:
        """An entry of channels-redis' `hosts`."""
        options = {**self._patience(), **self._tls(), "health_check_interval": ANSWER_SECONDS}
        if not self.sentinels:
            return {"address": self.url(), **options}
        return {
            "master_name": self.host,
            "sentinels": list(self.sentinels),
            "sentinel_kwargs": self._sentinel_options(),
            **self._credentials(),
            **options,
            **({"ssl": True} if self.tls else {}),
        }

    def cache(self) -> dict[str, Any]:
        """Django's entry of CACHES."""
        options = {**self._patience(), **self._tls()}
        if self.sentinels:
            options = {
                "sentinels": list(self.sentinels),
                "service": self.host,
                "sentinel_kwargs": self._sentinel_options(),
                "connection": {**self._credentials(), **options, **({"ssl": True} if self.tls else {})},
            }
        return {
            "BACKEND": "chatsite.cache.RedisElseMemoryCache",
            "LOCATION": self.url(),
            "KEY_PREFIX": "chatsite",
            "OPTIONS": options,
        }

    def broker(self) -> tuple[str, dict[str, Any]]:
        """Celery's `broker_url` and the transport options that belong to it."""
        if self.path:
            return f"redis+socket://{self._login()}{quote(self.path)}?virtual_host={self.db}", {}
        if not self.sentinels:
            return self.url(), {}
        each = [f"sentinel://{self._login()}{host}:{port}/{self.db}" for host, port in self.sentinels]
        return ";".join(each), {"master_name": self.host, "sentinel_kwargs": self._sentinel_options()}

    def url(self) -> str:
        if self.path:
            return f"unix://{self._login()}{quote(self.path)}?db={self.db}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"redis{'s' if self.tls else ''}://{self._login()}{host}:{self.port}/{self.db}"

    def _login(self) -> str:
        if not self.password and not self.username:
            return ""
        return f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@"

    def _credentials(self) -> dict[str, Any]:
        found = {"username": self.username or None, "password": self.password or None, "db": self.db}
        return {name: value for name, value in found.items() if value is not None}

    def _patience(self) -> dict[str, Any]:
        """How long a Redis may be silent, so that one that stands still or is cut off holds nobody up."""
        options: dict[str, Any] = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": CONNECT_SECONDS}
        return options if self.path else {**options, **keepalive.REDIS}

    def _tls(self) -> dict[str, Any]:
        if not self.tls:
            return {}
        return {"ssl_cert_reqs": "required", **({"ssl_ca_certs": self.ca} if self.ca else {})}

    def _sentinel_options(self) -> dict[str, Any]:
        """Sentinels have a password of their own, and speak TLS where their Redis does.

        Who does not answer is not asked again (the client's own way: ten times), but the next one.
        """
        options: dict[str, Any] = {
            "socket_timeout": CONNECT_SECONDS,
            "socket_connect_timeout": CONNECT_SECONDS,
            "retry": None,
        }
        if self.sentinel_password:
            options["password"] = self.sentinel_password
        return {**options, **({"ssl": True, **self._tls()} if self.tls else {})}


def broker_tls(redis: RedisAddress | None, url: str, ca: Path | None) -> dict[str, Any] | None:
    """Celery's `broker_use_ssl` for its address: of itself it would believe any certificate."""
    scheme = urlsplit(url).scheme
    if scheme == "amqps":
        return {"cert_reqs": ssl.CERT_REQUIRED, "ca_certs": str(ca) if ca else ssl.get_default_verify_paths().cafile}
    if scheme == "rediss" or (scheme == "sentinel" and redis and redis.tls):
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED, **({"ssl_ca_certs": str(ca)} if ca else {})}
    return None


def redis_address(environment: Environment) -> RedisAddress | None:
    """What REDIS_URL and its companions say together. Raises BadEnvironmentError."""
    ca, sentinels = environment.redis_ca, environment.redis_sentinels
    if environment.redis_url is None:
        if sentinels:
            raise BadEnvironmentError(
                "CHATSITE_REDIS_SENTINELS needs REDIS_URL beside it, with the name of the service as its host: "
                "redis://:password@mymaster/0"
            )
        if environment.celery_broker_url is not None:
            raise BadEnvironmentError(
                "CELERY_BROKER_URL needs REDIS_URL beside it: the Redis that joins web processes and workers, whatever "
                "the broker is. Without Celery workers, leave both out."
            )
        return None
    parts = urlsplit(environment.redis_url.get_secret_value())
    if sentinels and parts.scheme == "unix":
        raise BadEnvironmentError("REDIS_URL names a file: with CHATSITE_REDIS_SENTINELS its host names the service.")
    secret = environment.redis_sentinel_password
    return RedisAddress(
        # Not `hostname`, which is in small letters: names of services are not.
        host=unquote(parts.netloc.rpartition("@")[2].partition(":")[0] if sentinels else parts.hostname or "localhost"),
        port=parts.port or REDIS_PORT,
        path=unquote(parts.path) if parts.scheme == "unix" else "",
        db=int(parts.path.strip("/") or 0) if parts.scheme != "unix" else 0,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=parts.scheme == "rediss",
        ca=str(ca) if ca else "",
        sentinels=sentinels,
        sentinel_password=secret.get_secret_value() if secret else "",
    )
