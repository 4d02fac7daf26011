"""Reach the database and bring its tables up to date, showing progress. Knows migrations; knows no server."""

from collections.abc import Callable
from typing import Any

from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from streaming.management.turns import in_nobodys_way, is_lock_timeout, one_at_a_time, pause


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
    """Apply what is missing, calling `show(done, total)` before each and at the end. Returns how many were applied.

    Waits for a process that does it already, and for locks on tables without holding up who comes after it.
    """
    with one_at_a_time(), in_nobodys_way():
        total = pending_migrations()
        while (left := pending_migrations()) and not _apply(left, total, show):
            pause()
        return total


def _apply(left: int, total: int, show: Callable[[int, int], None]) -> bool:
    """Apply the `left` last ones of `total`. False when one of them did not get its lock; those before it stay."""
    done = total - left

    def progress(action: str, *_details: object) -> None:
        nonlocal done
        if action == "apply_start":
            show(done, total)
            done += 1

    executor = MigrationExecutor(connection, progress)
    try:
        state = executor.migrate(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        if is_lock_timeout(error):
            return False
        raise
    _announce(state)
    show(total, total)
    return True


def _announce(state: Any) -> None:
    """Let content types and permissions be made, as Django's own command does."""
    from django.core.management.sql import emit_post_migrate_signal

    state.clear_delayed_apps_cache()
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default", apps=state.apps)
