"""Copy a SQLite database while it is in use, and put a copy into its place when it is not. Knows no archive."""

import sqlite3
from contextlib import closing
from pathlib import Path

from streaming.log.rotate import rotation_sql
from streaming.management.archive import ArchiveError

BESIDE = ("-wal", "-shm", "-journal")


def copy_database(source: Path, target: Path) -> None:
    """One committed state of `source`, whatever is written meanwhile. Nobody waits: readers do not block in WAL."""
    with closing(_opened(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy, pages=-1)  # in one step; in several it would begin anew with each commit of others


def verify_and_rotate(copy: Path) -> None:
    """Void all cursors of `copy`. Raises `ArchiveError` when it is damaged."""
    try:
        with closing(sqlite3.connect(copy)) as database, database:
            (verdict,) = database.execute("PRAGMA integrity_check(1)").fetchone()
            if verdict != "ok":
                raise ArchiveError(f"The database in the archive is damaged: {verdict}.")
            database.execute(rotation_sql("sqlite"))
    except sqlite3.DatabaseError as error:
        raise ArchiveError(f"The database in the archive cannot be used: {error}.") from error


def prove_unused(database: Path) -> None:
    """Raise `ArchiveError` while any process has it open. Leaves all of it in one file."""
    if not database.exists():
        return
    try:
        with closing(_opened(database)) as alone:
            alone.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise ArchiveError(f"A process has {database} open. Stop every process of this site first.") from None
    except sqlite3.DatabaseError:
        return  # damaged: perhaps why somebody restores


def put_in_place(copy: Path, database: Path, *, former: Path) -> None:
    """Move what is there into the folder `former`, and `copy` to where it was."""
    for path in [database, *(database.with_name(database.name + end) for end in BESIDE)]:
        if path.exists():
            former.mkdir(mode=0o700, exist_ok=True)
            path.rename(former / path.name)
    copy.chmod(0o600)
    copy.rename(database)


def _opened(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True, timeout=1)
