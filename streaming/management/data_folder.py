"""One server per data folder, held by a lock that the kernel takes back from the dead. Knows no database."""

import fcntl
import os
from pathlib import Path
from typing import IO, Self


class DataFolderInUseError(Exception):
    """Another server holds the folder; the message names it."""


class DataFolderLock:
    """Holding it proves that the last server of this folder, and the engine in it, is dead."""

    def __init__(self, folder: Path, *, holder: str) -> None:
        self.path = folder / "server.lock"
        self.holder = holder
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        file = self.path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise DataFolderInUseError(
                f"Another server already uses the data folder {self.path.parent} ({holder}).\n"
                "Stop it first, or give this one a folder of its own with CHATSITE_DATA_DIR."
            ) from None
        self._file = file
        self.path.chmod(0o600)
        self.describe(self.holder)
        return self

    def describe(self, holder: str) -> None:
        """Say who holds it, for the message a second server shows."""
        assert self._file is not None
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()}, {holder}\n")
        self._file.flush()

    def __exit__(self, *_error: object) -> None:
        if self._file is not None:
            self._file.close()


def is_held(folder: Path) -> bool:
    """Whether a server runs on this folder now."""
    try:
        with (folder / "server.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
