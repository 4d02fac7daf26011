"""Reach the database and bring its tables up to date, showing progress. Knows migrations; knows no server."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

# Processes that start together on one PostgreSQL take turns.
ADVISORY_LOCK = zlib.crc32(b"chatsite migrations")


def prove_reachable() -> None:
    """Raise what the database says when it cannot be used. A pool would try for half a minute and say less."""
    if connection.vendor != "postgresql":
        connection.ensure_connection()
        return
    postgresql: Any = connection
    with connection.wrap_database_errors:
        postgresql.Database.connect(**connection.get_connection_params()).close()


def pending_migrations() -> int:
    """How many migrations the database has not seen."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def applied_migrations() -> set[str]:
    """What the database has seen, as `app.name`."""
    return {f"{app}.{name}" for app, name in MigrationExecutor(connection).loader.applied_migrations}


def known_migrations() -> set[str]:
    """What this version of the product brings, as `app.name`."""
    return {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}


def migrate(show: Callable[[int, int], None]) -> int:
    """Apply what is missing, calling `show(done, total)` before each and at the end. Returns how many were applied."""
    with _one_at_a_time():
        total = pending_migrations()
        if not total:
            return 0
        done = 0

        def progress(action: str, *_details: object) -> None:
            nonlocal done
            if action == "apply_start":
                show(done, total)
                done += 1

        executor = MigrationExecutor(connection, progress)
        targets = executor.loader.graph.leaf_nodes()
        state = executor.migrate(targets)
        _announce(state)
        show(total, total)
        return total


def _announce(state: Any) -> None:
    """Let content types and permissions be made, as Django's own command does."""
    from django.core.management.sql import emit_post_migrate_signal

    state.clear_delayed_apps_cache()
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default", apps=state.apps)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if connection.vendor != "postgresql":
        yield
        return
    # For the length of a transaction, on a connection of its own: behind PgBouncer no session lasts longer.
    postgresql: Any = connection
    with postgresql.Database.connect(**connection.get_connection_params()) as held:
        held.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        yield
