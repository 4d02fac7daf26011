"""Migrating beside processes that serve: in turn, and in nobody's way. Knows PostgreSQL's locks; knows no migration."""

import logging
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import OperationalError, connection

logger = logging.getLogger(__name__)

ADVISORY_LOCK = zlib.crc32(b"chatsite migrations")
LOOK_SECONDS = 0.2
# Whoever waits for a table's lock holds up everybody who asks for that table later, if only to read.
LOCK_TIMEOUT_MS = 2000
PAUSE_SECONDS = 1.0


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait until no other process migrates this PostgreSQL, and keep others waiting meanwhile."""
    if connection.vendor != "postgresql":
        yield
        return
    # For the length of a transaction, on a connection of its own: behind PgBouncer no session lasts longer. Asked
    # again and again: a statement that waits has a snapshot, and an index that is built concurrently waits for it.
    postgresql: Any = connection
    with postgresql.Database.connect(**connection.get_connection_params()) as held:
        while not _take(held):
            held.rollback()
            time.sleep(LOOK_SECONDS)
        yield


@contextmanager
def in_nobodys_way() -> Iterator[None]:
    """Within it a migration waits 2 s for a lock at most, and may compute for as long as it needs."""
    # Behind PgBouncer a setting would stay with a session that others use next.
    if connection.vendor != "postgresql" or connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
        cursor.execute("SET idle_in_transaction_session_timeout = 0")
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
                cursor.execute("RESET idle_in_transaction_session_timeout")


def is_lock_timeout(error: OperationalError) -> bool:
    """Whether a table's lock was not to be had in time."""
    return isinstance(error.__cause__, psycopg.errors.LockNotAvailable)


def pause() -> None:
    """Let those who waited behind us have their turn."""
    logger.warning("the database cannot be brought up to date while a table is locked; trying again")
    time.sleep(PAUSE_SECONDS)


def _take(held: "psycopg.Connection[Any]") -> bool:
    held.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    row = held.execute("SELECT pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK]).fetchone()
    return row is not None and row[0]
