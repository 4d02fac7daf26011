"""Embedded or hosted: the one place that decides it, and what follows for databases, doorbell and Celery."""

from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from chatsite.environment import Environment

# Shorter than a lease (5 s): a writer that waits for SQLite's lock gives up before it could be declared dead.
SQLITE_BUSY_SECONDS = 4.0
SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON"
# One lease: a process that stands still in the middle of a transaction, or is cut off there, holds the locks that
# whoever takes its runs over needs. PostgreSQL then ends its session and lets go of them.
IDLE_IN_TRANSACTION_SECONDS = 5
# Beside the threads of our own executor: Django's one thread for async code, the engine's writer and its heartbeat.
CONNECTIONS_BESIDE_THREADS = 4


@dataclass(frozen=True, slots=True)
class Mode:
    """What the environment makes of this process.

    `celery_broker` is empty when runs are not submitted to Celery. `sole_engine` says that the lock of the data
    folder is proof that no other engine writes to the database.
    """

    name: Literal["embedded", "hosted"]
    databases: dict[str, dict[str, Any]] = field(repr=False)
    channel_layers: dict[str, dict[str, Any]] = field(repr=False)
    caches: dict[str, dict[str, Any]] = field(repr=False)
    celery_broker: str = field(repr=False)
    sole_engine: bool


def decide_mode(environment: Environment) -> Mode:
    """Hosted where a Redis joins several processes, else embedded. A PostgreSQL alone does not make it hosted."""
    redis = _revealed(environment.redis_url)
    return Mode(
        name="hosted" if redis else "embedded",
        databases=_databases(environment),
        channel_layers={"default": _channel_layer(redis)},
        caches={"default": _cache(redis)},
        celery_broker=(_revealed(environment.celery_broker_url) or redis) if redis else "",
        sole_engine=not redis and environment.database_url is None,
    )


def _databases(environment: Environment) -> dict[str, dict[str, Any]]:
    """`default` writes; `reader` sees one unchanging view for the length of its transaction."""
    if environment.database_url is not None:
        address = environment.database_url.get_secret_value()
        pool = {"min_size": 1, "max_size": environment.database_threads + CONNECTIONS_BESIDE_THREADS, "timeout": 5}
        writer = _postgresql(address, pool, read_only=False)
        reader = _postgresql(address, pool, read_only=True)
    else:
        writer = _sqlite(environment, transaction_mode="IMMEDIATE")
        reader = _sqlite(environment, transaction_mode="DEFERRED")
    return {"default": writer, "reader": {**reader, "TEST": {"MIRROR": "default"}}}


def _sqlite(environment: Environment, *, transaction_mode: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": environment.data_dir / "chatsite.sqlite3",
        # Opening takes 390 µs, a query on an open connection 8 µs: threads of ours keep theirs.
        "CONN_MAX_AGE": None,
        # A file in tests too: a database in memory knows neither WAL nor a second process.
        "TEST": {"NAME": environment.data_dir / "test-chatsite.sqlite3"},
        "OPTIONS": {
            "timeout": SQLITE_BUSY_SECONDS,
            "transaction_mode": transaction_mode,
            "init_command": SQLITE_PRAGMAS,
        },
    }


def _postgresql(address: str, pool: dict[str, Any], *, read_only: bool) -> dict[str, Any]:
    parts = urlsplit(address)
    options: dict[str, Any] = {"connect_timeout": 5, **dict(parse_qsl(parts.query)), "pool": pool}
    settings = [options.get("options", ""), f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_SECONDS}s"]
    if read_only:
        # Session defaults, so that every transaction on this alias is one snapshot and cannot write.
        settings += ["-c default_transaction_isolation=repeatable\\ read", "-c default_transaction_read_only=on"]
    options["options"] = " ".join(settings).strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def _channel_layer(redis: str) -> dict[str, Any]:
    if not redis:
        return {"BACKEND": "streaming.bell.memory.InProcessChannelLayer"}
    return {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [redis], "prefix": "chatsite"},
    }


def _cache(redis: str) -> dict[str, Any]:
    if not redis:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    return {"BACKEND": "chatsite.cache.RedisElseMemoryCache", "LOCATION": redis, "KEY_PREFIX": "chatsite"}


def _revealed(address: SecretStr | None) -> str:
    return address.get_secret_value() if address is not None else ""
