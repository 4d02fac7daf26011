"""Processes that start together, and migrations beside a site that serves: nobody fails, nobody is held up."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from deploy.cluster.postgresql import Postgresql
from tests.support.server import clean_environment
from tests.support.waiting import until

pytestmark = pytest.mark.hosted

SET_UP = "import time, django; django.setup(); from streaming.management import schema, turns\n"
MIGRATE = f"{SET_UP}print(schema.migrate(lambda *_: None))"
# A transaction that stands idle for longer than one that serves may, and the lock of the turn with it.
COMPUTE = f"""{SET_UP}
from django.db import connection, transaction
with turns.one_at_a_time(), turns.in_nobodys_way(), transaction.atomic():
    connection.cursor().execute("SELECT 1")
    print(time.monotonic())
    time.sleep(6)
    connection.cursor().execute("SELECT 1")
    print(time.monotonic())
"""
HALF_WAY = f"{SET_UP}from django.core.management import call_command; call_command('migrate', 'streaming', '0010')"


@pytest.fixture
def postgresql() -> Iterator[Postgresql]:
    with Postgresql() as server:
        yield server


def begin(code: str, postgresql: Postgresql, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=clean_environment(folder, {"DATABASE_URL": postgresql.url}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> list[str]:
    """The last words of a process that succeeded."""
    said = process.communicate(timeout=200)[0]
    assert process.returncode == 0, said
    return said.split()


def test_of_two_processes_one_makes_the_tables(postgresql: Postgresql, tmp_path: Path):
    both = [begin(MIGRATE, postgresql, tmp_path) for _ in range(2)]
    applied = sorted(int(ended(process)[-1]) for process in both)
    assert applied[0] == 0
    assert applied[1] > 0


def test_a_migration_that_computes_is_waited_for(postgresql: Postgresql, tmp_path: Path):
    both = [begin(COMPUTE, postgresql, tmp_path) for _ in range(2)]
    first, second = sorted([float(at) for at in ended(process)[-2:]] for process in both)
    assert first[1] <= second[0]


def test_who_reads_is_not_held_up_by_a_migration_that_waits(postgresql: Postgresql, tmp_path: Path):
    ended(begin(HALF_WAY, postgresql, tmp_path))
    with (
        closing(psycopg.connect(postgresql.url)) as dump,
        closing(psycopg.connect(postgresql.url, autocommit=True, options="-c statement_timeout=6s")) as reader,
    ):
        dump.execute("LOCK TABLE streaming_run IN ACCESS SHARE MODE")  # as pg_dump does, for as long as it takes
        migrating = begin(MIGRATE, postgresql, tmp_path)
        for _ in range(2):
            until(lambda: waiting(reader), "the migration waits for the table", seconds=60)
            reader.execute("SELECT count(*) FROM streaming_run")  # raises QueryCanceled where it waits for long
        assert migrating.poll() is None
        dump.rollback()
        assert int(ended(migrating)[-1]) > 0


def waiting(reader: psycopg.Connection) -> bool:
    sql = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'streaming_run'::regclass"
    return reader.execute(sql).fetchone() is not None
