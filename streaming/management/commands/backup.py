"""`manage.py backup FILE`: everything this site keeps as one file, made while it runs."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from streaming.management.archive import FORMAT, ArchiveError, Manifest, refuse_existing, staging_beside, write_archive
from streaming.management.copy_postgresql import dump_database
from streaming.management.copy_sqlite import copy_database
from streaming.management.schema import applied_migrations, prove_reachable


class Command(BaseCommand):
    help = "Write database, uploads and key into one file. The site may run meanwhile."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the file to write, which must not be there yet")
        parser.add_argument(
            "--without-keys", action="store_true", help="leave the key out that reads sessions and model keys"
        )

    def handle(self, *_args: Any, file: Path, without_keys: bool, **_options: Any) -> None:
        key = settings.DATA_DIR / "secret_key"
        kept = None if without_keys or settings.ENVIRONMENT.secret_key is not None or not key.exists() else key
        try:
            refuse_existing(file)
            _prove_there()
            with staging_beside(file) as staging:
                database = staging / "database"
                _copy(database)
                migrations = tuple(sorted(applied_migrations()))
                made_at = datetime.now(UTC).isoformat(timespec="seconds")
                manifest = Manifest(FORMAT, made_at, connection.vendor, migrations, kept is not None)
                # Uploads after the database: every file that its rows name was there by then.
                write_archive(file, manifest, database=database, key=kept, files=settings.DATA_DIR / "files")
        except (ArchiveError, DatabaseError, OSError) as error:
            raise CommandError(f"No back-up was made. {error}") from None
        self.stdout.write(f"Backed up to {file}, {file.stat().st_size:,} bytes.")
        if kept is None:
            self.stdout.write("SECRET_KEY is not in it: keep it elsewhere, or stored model keys cannot be read again.")


def _prove_there() -> None:
    if connection.vendor == "postgresql":
        prove_reachable()
    elif not Path(connection.settings_dict["NAME"]).exists():
        raise ArchiveError(f"There is no database in {settings.DATA_DIR}. CHATSITE_DATA_DIR names another folder.")


def _copy(database: Path) -> None:
    if connection.vendor == "sqlite":
        copy_database(Path(connection.settings_dict["NAME"]), database)
    else:
        dump_database(database)
