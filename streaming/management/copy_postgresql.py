"""Copy a PostgreSQL database with its own programs, and put a copy into its place. Knows no archive."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from django.db import connection
from psycopg import pq
from psycopg.conninfo import make_conninfo

from streaming.log.rotate import rotation_sql
from streaming.management.archive import ArchiveError

NEEDED = "Install PostgreSQL's client programs, of the server's version or a newer one."
# Everything in one transaction: until it commits, everybody sees what was there before.
FORGET_ALL = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n"


def dump_database(target: Path) -> None:
    """One committed state, whatever is written meanwhile, in pg_dump's own format."""
    _run("pg_dump", "--format=custom", "--compress=0", "--no-owner", "--no-privileges", f"--file={target}")


def load_database(dump: Path, script: Path) -> None:
    """Replace all that the database holds by `dump`, its cursors void. Nothing is changed where that fails.

    `script` is a file to write the SQL to.
    """
    with script.open("w", encoding="utf-8") as file:
        file.write(FORGET_ALL)
        file.flush()
        _call(["--no-owner", "--no-privileges", "--file=-", str(dump)], "pg_restore", stdout=file)
        # A dump leaves an empty search path behind.
        file.write(f"SET search_path = public;\n{rotation_sql('postgresql')};\n")
    _run("psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--file={script}")


def _run(program: str, *arguments: str) -> None:
    _call([*arguments, f"--dbname={_address()}"], program, stdout=subprocess.DEVNULL)


def _call(arguments: list[str], program: str, *, stdout: Any) -> None:
    path = shutil.which(program)
    if path is None:
        raise ArchiveError(f"{program} is not on the PATH. {NEEDED}")
    password = connection.settings_dict["PASSWORD"]
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    done = subprocess.run(  # noqa: S603 - our own arguments
        [path, *arguments], env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise ArchiveError(f"{program} failed, and nothing was changed:\n{done.stderr.strip()[-2000:]}")


def _address() -> str:
    """Where the database is, without the password, which the list of processes would show to everybody."""
    given = connection.settings_dict
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - {"options", "password"}
    more = {name: value for name, value in given["OPTIONS"].items() if name in known}
    parts = {"dbname": given["NAME"], "user": given["USER"], "host": given["HOST"], "port": given["PORT"]}
    return make_conninfo(**{name: value for name, value in parts.items() if value}, **more)
