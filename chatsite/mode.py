"""Embedded or hosted: the one place that decides it, and what follows for databases, doorbell and Celery."""

from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from psycopg import IsolationLevel

from chatsite import keepalive
from chatsite.environment import Environment
from chatsite.redis_address import RedisAddress, broker_tls, redis_address

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

    Nobody but the doctor asks for its `name`. `celery_broker` is empty when runs are not submitted to Celery.
    `sole_engine` says that the lock of the data folder is proof that no other engine writes to the database.
    """

    name: Literal["embedded", "hosted"]
    databases: dict[str, dict[str, Any]] = field(repr=False)
    channel_layers: dict[str, dict[str, Any]] = field(repr=False)
    caches: dict[str, dict[str, Any]] = field(repr=False)
    celery_broker: str = field(repr=False)
    celery_options: dict[str, Any] = field(repr=False)
    celery_tls: dict[str, Any] | None = field(repr=False)
    sole_engine: bool

    @property
    def locks_data_folder(self) -> bool:
        """Whether one process has the data folder to itself."""
        return self.name == "embedded"

    @property
    def joins_processes(self) -> bool:
        """Whether web processes and workers, perhaps of other machines, are one site."""
        return self.name == "hosted"

    @property
    def speaks_to_people(self) -> bool:
        """Whether somebody at a terminal reads what the process says, not a collector of logs."""
        return self.name == "embedded"


def decide_mode(environment: Environment) -> Mode:
    """Hosted where a Redis joins several processes, else embedded. A PostgreSQL alone does not make it hosted."""
    redis = redis_address(environment)
    broker, options = _broker(environment, redis)
    return Mode(
        name="hosted" if redis else "embedded",
        databases=_databases(environment),
        channel_layers={"default": _channel_layer(redis)},
        caches={"default": _cache(redis)},
        celery_broker=broker,
        celery_options=options,
        celery_tls=broker_tls(redis, broker, environment.redis_ca),
        sole_engine=not redis and environment.database_url is None,
    )


def _databases(environment: Environment) -> dict[str, dict[str, Any]]:
    """`default` writes; `reader` sees one unchanging view for the length of its transaction."""
    if environment.database_url is not None:
        address = environment.database_url.get_secret_value()
        pool = {
            "min_size": 1,
            "max_size": environment.database_threads + CONNECTIONS_BESIDE_THREADS,
            "timeout": 5,
            # By itself a pool tries more and more rarely, and may sleep half a minute after the database is back.
            # After this time it gives up, and begins anew with whoever asks next.
            "reconnect_timeout": 2,
        }
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
    given = dict(parse_qsl(parts.query))
    # Its transactions may each have another session behind them, and it takes no settings for a session.
    pgbouncer = given.pop("pgbouncer", "").lower() in {"true", "yes", "1"}
    options: dict[str, Any] = {**keepalive.LIBPQ, **given, "pool": pool}
    if read_only:
        # Said with each BEGIN, so that every transaction on this alias is one snapshot.
        options["isolation_level"] = IsolationLevel.REPEATABLE_READ
    if not pgbouncer:
        settings = [given.get("options", ""), f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_SECONDS}s"]
        settings += [keepalive.POSTGRESQL_SESSION]
        settings += ["-c default_transaction_read_only=on"] if read_only else []
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
        "DISABLE_SERVER_SIDE_CURSORS": pgbouncer,
        "OPTIONS": options,
    }


def _channel_layer(redis: RedisAddress | None) -> dict[str, Any]:
    if redis is None:
        return {"BACKEND": "streaming.bell.memory.InProcessChannelLayer"}
    return {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [redis.channel_layer_host()], "prefix": "chatsite"},
    }


def _cache(redis: RedisAddress | None) -> dict[str, Any]:
    return redis.cache() if redis else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}


def _broker(environment: Environment, redis: RedisAddress | None) -> tuple[str, dict[str, Any]]:
    if redis is None:
        return "", {}
    if environment.celery_broker_url is not None:
        return environment.celery_broker_url.get_secret_value(), {}
    return redis.broker()
