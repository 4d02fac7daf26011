"""Restore a back-up, step by step, so that a failure leaves what was there. Knows both databases; knows no terminal."""

import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import DatabaseError, OperationalError, connection, connections

from streaming.management.archive import (
    DATABASE,
    FILES,
    KEY,
    ArchiveError,
    Manifest,
    staging_beside,
    unpack_archive,
)
from streaming.management.copy_postgresql import load_database
from streaming.management.copy_sqlite import prove_unused, put_in_place, verify_and_rotate
from streaming.management.schema import known_migrations, migrate, prove_reachable
from streaming.models import Engine
from streaming.models.database import database_now
from streaming.runs.restored import interrupt_live_runs

VENDORS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done. `former` holds what was replaced, None where nothing was; PostgreSQL's rows are not kept."""

    manifest: Manifest
    interrupted: int
    former: Path | None


def restore(archive: Path, *, sign_out: bool) -> Restored:
    """Put `archive` in the place of what is here. Raises `ArchiveError` and what the database raises.

    The caller holds the data folder's lock where there is one.
    """
    folder = settings.DATA_DIR
    former = folder / f"before-restore-{time.strftime('%Y%m%dT%H%M%S')}"
    with staging_beside(folder / "chatsite.sqlite3") as staging:
        manifest = unpack_archive(archive, staging)
        _check(manifest)
        _refuse_living_engines()
        _load(staging, former)
        _swap(staging / FILES, folder / FILES, former)
        if (staging / KEY).exists() and settings.ENVIRONMENT.secret_key is None:
            (staging / KEY).chmod(0o600)
            _swap(staging / KEY, folder / KEY, former)
    migrate(lambda _done, _total: None)
    interrupted = interrupt_live_runs()
    if sign_out:
        Session.objects.all().delete()
    return Restored(manifest, interrupted, former if former.exists() else None)


def _check(manifest: Manifest) -> None:
    if manifest.vendor != connection.vendor:
        raise ArchiveError(
            f"The back-up is of {VENDORS.get(manifest.vendor, manifest.vendor)}, and this site is set to use "
            f"{VENDORS[connection.vendor]}. Set DATABASE_URL as it was then."
        )
    if unknown := set(manifest.migrations) - known_migrations():
        raise ArchiveError(
            f"The back-up was made by a newer version ({min(unknown)} is not known here). Upgrade first, then restore."
        )


def _refuse_living_engines() -> None:
    """Rows say who is alive, unless the data folder's lock has proved already that nobody is."""
    if settings.MODE.sole_engine or (connection.vendor == "sqlite" and not _sqlite_file().exists()):
        return
    try:
        prove_reachable()
        alive = sorted(Engine.objects.filter(expires_at__gt=database_now()).values_list("label", flat=True))
    except OperationalError as error:
        if connection.vendor == "postgresql":
            raise ArchiveError(f"The database cannot be used: {error}") from None
        alive = []
    except DatabaseError:  # an empty or a damaged database has no engines
        alive = []
    connections.close_all()
    if alive:
        raise ArchiveError(
            f"{len(alive)} engines are alive: {', '.join(alive)}. Stop the workers first; one that was killed counts "
            "for five more seconds. Nothing was changed."
        )


def _load(staging: Path, former: Path) -> None:
    if connection.vendor == "sqlite":
        database = _sqlite_file()
        verify_and_rotate(staging / DATABASE)
        prove_unused(database)
        put_in_place(staging / DATABASE, database, former=former)
    else:
        load_database(staging / DATABASE, staging / "script.sql")


def _sqlite_file() -> Path:
    return Path(connection.settings_dict["NAME"])


def _swap(new: Path, place: Path, former: Path) -> None:
    if place.exists():
        former.mkdir(mode=0o700, exist_ok=True)
        place.rename(former / place.name)
    if new.exists():
        new.rename(place)
