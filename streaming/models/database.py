"""Run queries in a bounded pool of our own threads. Knows no query.

Channels and Django's `a*` methods share one thread for all connections of a process: one slow query
there stalls everybody.
"""

import asyncio
import contextvars
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connections

AWAY = (OperationalError, InterfaceError)  # the database itself, not what was asked of it
# SQLSTATE (PostgreSQL, appendix A): a connection failed, the server is shut down or not up yet, it has no room for one.
CONNECTION_STATES = ("08", "57P", "53300")


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(settings.DATABASE_THREADS, thread_name_prefix="database")


async def in_database[**P, T](function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Await `function(*args)` on a thread that may use the ORM."""
    context = contextvars.copy_context()
    call = partial(context.run, _clean, partial(function, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_pool(), call)


def _clean[T](call: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()


def is_away(error: BaseException | None) -> bool:
    """Whether `error` says that the database cannot be reached, rather than that it refused something."""
    if isinstance(error, InterfaceError):
        return "connection" in str(error)
    if not isinstance(error, OperationalError):
        return False
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CANTOPEN
    # what no server said, such as a refused connection or a pool that waited in vain, has no state
    return (getattr(cause, "sqlstate", None) or "08").startswith(CONNECTION_STATES)


def database_now(alias: str = "default") -> float:
    """The database's own clock as Unix seconds: the one clock that all processes share."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {now_sql(connection.vendor)}")
        return float(cursor.fetchone()[0])


def now_sql(vendor: str) -> str:
    """The SQL expression for `database_now`, for use inside statements."""
    if vendor == "postgresql":
        return "extract(epoch from clock_timestamp())::float8"
    return "((julianday('now') - 2440587.5) * 86400.0)"


def lock_rows(vendor: str) -> str:
    """The clause that locks selected rows; SQLite's write transactions hold the whole database anyway."""
    return " FOR UPDATE" if vendor == "postgresql" else ""
