"""`manage.py restore FILE`: put a back-up in the place of what is here, which is kept aside."""

from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from streaming.management.archive import ArchiveError
from streaming.management.data_folder import DataFolderInUseError, DataFolderLock
from streaming.management.restoring import restore


class Command(BaseCommand):
    help = "Replace database, uploads and key by those of a back-up. Engines must be stopped."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="what `manage.py backup` wrote")
        parser.add_argument("--sign-out", action="store_true", help="end all sessions that the back-up holds")

    def handle(self, *_args: Any, file: Path, sign_out: bool, **_options: Any) -> None:
        try:
            with ExitStack() as held:
                if settings.MODE.locks_data_folder:
                    held.enter_context(DataFolderLock(settings.DATA_DIR, holder="a restore"))
                restored = restore(file, sign_out=sign_out)
        except (ArchiveError, DataFolderInUseError, DatabaseError, OSError) as error:
            raise CommandError(f"{str(error).strip()}") from None
        self.stdout.write(f"Restored what was backed up on {restored.manifest.made_at}.")
        if restored.interrupted:
            self.stdout.write(f"Answers under way then, now marked as interrupted: {restored.interrupted}.")
        if restored.former:
            self.stdout.write(f"What was here before is kept in {restored.former}; remove it when all is well.")
        if not restored.manifest.has_key:
            self.stdout.write("The back-up holds no key: stored model keys need the SECRET_KEY of that time.")
