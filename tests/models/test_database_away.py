"""Which errors say that the database cannot be reached. Each is made by a real database."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, InterfaceError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from pytest_django import DjangoDbBlocker

from deploy.cluster.postgresql import Postgresql
from deploy.cluster.process import free_port
from streaming.models.database import is_away

type Open = Callable[..., BaseDatabaseWrapper]
ERRORS = (DatabaseError, InterfaceError)


@pytest.fixture
def opened(django_db_blocker: DjangoDbBlocker) -> Iterator[Open]:
    """Django's own way to a database that no setting names."""
    made: list[BaseDatabaseWrapper] = []

    def open_database(engine: str, **address: object) -> BaseDatabaseWrapper:
        handler = ConnectionHandler({"default": {"ENGINE": f"django.db.backends.{engine}", **address}})
        made.append(handler["default"])
        return made[-1]

    with django_db_blocker.unblock():
        yield open_database
    for connection in made:
        connection.close()


def error_of(connection: BaseDatabaseWrapper, *statements: str) -> Exception:
    """What the last of the statements leads to, if not one before."""
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    except ERRORS as error:
        return error
    raise AssertionError("nothing went wrong")


def test_sqlite_is_away_where_its_file_cannot_be_opened(opened: Open, tmp_path: Path):
    assert is_away(error_of(opened("sqlite3", NAME=str(tmp_path / "absent" / "file")), "SELECT 1"))


def test_sqlite_that_refuses_is_not_away(opened: Open, tmp_path: Path):
    connection = opened("sqlite3", NAME=str(tmp_path / "file"))
    assert not is_away(error_of(connection, "SELECT * FROM nothing"))
    unique = ["CREATE TABLE t (a UNIQUE)", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)"]
    refused = error_of(connection, *unique)
    assert isinstance(refused, IntegrityError)
    assert not is_away(refused)


@pytest.mark.parametrize("error", [None, ValueError("connection"), ConnectionRefusedError()])
def test_what_no_database_said_is_no_absence(error: Exception | None):
    assert not is_away(error)


def test_postgresql_that_does_not_listen_is_away(opened: Open):
    assert is_away(error_of(opened("postgresql", NAME="n", HOST="127.0.0.1", PORT=str(free_port())), "SELECT 1"))


def test_a_pool_without_a_connection_to_give_is_away(opened: Open):
    pool = {"pool": {"min_size": 0, "max_size": 1, "timeout": 0.5}}
    connection = opened("postgresql", NAME="n", HOST="127.0.0.1", PORT=str(free_port()), OPTIONS=pool)
    assert is_away(error_of(connection, "SELECT 1"))
    connection.close_pool()


@pytest.mark.hosted
def test_postgresql_that_ends_sessions_is_away_and_one_that_refuses_is_not(opened: Open):
    with Postgresql() as server:
        address = {"NAME": "chatsite", "USER": "chatsite", "HOST": "127.0.0.1", "PORT": str(server.port)}
        connection = opened("postgresql", **address)
        assert not is_away(error_of(connection, "SELECT * FROM nothing"))
        assert not is_away(error_of(connection, "SET statement_timeout = 1", "SELECT pg_sleep(1)"))
        connection.close()
        assert is_away(error_of(connection, "SELECT pg_terminate_backend(pg_backend_pid())"))
        assert is_away(error_of(connection, "SELECT 1"))
        connection.close()
        connection.ensure_connection()
        server.stop()
        assert is_away(error_of(connection, "SELECT 1"))
        connection.close()
        assert is_away(error_of(connection, "SELECT 1"))
