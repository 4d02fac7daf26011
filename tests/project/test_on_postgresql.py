"""The tests of the log, the runs and the chats once more, on PostgreSQL, and the plans of its queries."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from deploy.cluster.postgresql import Postgresql
from deploy.cluster.process import ROOT

pytestmark = [pytest.mark.hosted, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Postgresql]:
    with Postgresql() as process:
        yield process


@pytest.mark.parametrize(
    ("folder", "at_least"),
    [
        ("tests/scale", 5),
        pytest.param("tests/log", 80, marks=pytest.mark.long),
        pytest.param("tests/runs", 200, marks=pytest.mark.long),
        pytest.param("tests/chats", 80, marks=pytest.mark.long),
    ],
)
def test_postgresql_passes(postgresql: Postgresql, folder: str, at_least: int) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--reuse-db",
        "--ds=tests.settings",
        # Its engines still write while the tables are emptied; tests/faults has the real thing.
        "--ignore=tests/runs/test_database_away.py",
        folder,
    ]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "TESTS_ON_POSTGRESQL": postgresql.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= at_least, done.stdout[-2000:]
