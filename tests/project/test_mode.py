import pytest

from chatsite.environment import read_environment
from chatsite.mode import decide_mode

MODES = [
    ({}, ("embedded", "sqlite3", "streaming.bell.memory.InProcessChannelLayer", "", True)),
    (
        {"DATABASE_URL": "postgresql://h/n"},
        ("embedded", "postgresql", "streaming.bell.memory.InProcessChannelLayer", "", False),
    ),
    (
        {"REDIS_URL": "redis://r/0"},
        ("hosted", "sqlite3", "channels_redis.pubsub.RedisPubSubChannelLayer", "redis://r:6379/0", False),
    ),
    (
        {"REDIS_URL": "redis://r/0", "CELERY_BROKER_URL": "amqp://b", "DATABASE_URL": "postgresql://h/n"},
        ("hosted", "postgresql", "channels_redis.pubsub.RedisPubSubChannelLayer", "amqp://b", False),
    ),
]


@pytest.mark.parametrize(("environment", "expected"), MODES)
def test_mode_follows_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: tuple[object, ...]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    mode = decide_mode(read_environment())
    engine = mode.databases["default"]["ENGINE"].rpartition(".")[2]
    assert (
        mode.name,
        engine,
        mode.channel_layers["default"]["BACKEND"],
        mode.celery_broker,
        mode.sole_engine,
    ) == expected


def test_mode_reads_a_postgresql_address_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://us%40er:p%2Fw@db.example:6432/cha%20t?sslmode=require")
    mode = decide_mode(read_environment())
    writer = mode.databases["default"]
    assert [writer[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")] == [
        "cha t",
        "us@er",
        "p/w",
        "db.example",
        "6432",
    ]
    assert writer["OPTIONS"]["sslmode"] == "require"
    assert "p/w" not in repr(mode)
    reader = mode.databases["reader"]["OPTIONS"]
    assert reader["isolation_level"].name == "REPEATABLE_READ"
    assert reader["options"].removeprefix("-c ").split(" -c ") == [
        "idle_in_transaction_session_timeout=5s",
        "tcp_keepalives_idle=5",
        "tcp_keepalives_interval=1",
        "tcp_keepalives_count=5",
        "tcp_user_timeout=10000",
        "default_transaction_read_only=on",
    ]


def test_mode_finds_a_silent_postgresql_dead_in_seconds_unless_its_address_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u@h/n?keepalives_idle=30")
    options = decide_mode(read_environment()).databases["default"]["OPTIONS"]
    assert (options["tcp_user_timeout"], options["connect_timeout"], options["keepalives_idle"]) == (5000, 5, "30")


def test_mode_sends_pgbouncer_nothing_for_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u@h:6432/n?pgbouncer=true&sslmode=require")
    reader = decide_mode(read_environment()).databases["reader"]
    assert "options" not in reader["OPTIONS"]
    assert "pgbouncer" not in reader["OPTIONS"]
    assert (reader["OPTIONS"]["sslmode"], reader["DISABLE_SERVER_SIDE_CURSORS"]) == ("require", True)
    assert reader["OPTIONS"]["isolation_level"].name == "REPEATABLE_READ"


@pytest.mark.django_db(transaction=True, databases=["default", "reader"])
def test_mode_sqlite_is_durable_and_in_wal() -> None:
    from django.db import connections

    for alias, mode in {"default": "IMMEDIATE", "reader": "DEFERRED"}.items():
        with connections[alias].cursor() as cursor:
            found = {}
            for pragma in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout"):
                cursor.execute(f"PRAGMA {pragma}")
                found[pragma] = cursor.fetchone()[0]
        assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 4000}
        assert connections[alias].transaction_mode == mode


@pytest.mark.django_db(transaction=True, databases=["default", "reader"])
def test_mode_reader_keeps_one_view_while_another_thread_writes() -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections, transaction

    from streaming.models import Person

    def write() -> None:
        Person.objects.create(username="late")
        connections.close_all()

    with transaction.atomic(using="reader"):
        before = Person.objects.using("reader").count()
        with ThreadPoolExecutor(1) as writer:
            writer.submit(write).result()
        during = Person.objects.using("reader").count()
    after = Person.objects.using("reader").count()
    assert (before, during, after) == (0, 0, 1)
