"""Back-up and restore of PostgreSQL: all or nothing, again and again, and no password on a command line."""

import io
import os
import stat
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from deploy.cluster.postgresql import Postgresql, program
from tests.support.server import MAKE_PEOPLE, manage

pytestmark = [pytest.mark.hosted, pytest.mark.long]

A_STREAM = "INSERT INTO streaming_stream (kind, epoch, first_seq, last_seq) VALUES ('conversation', 'a', 1, 0)"
SPY = """#!{python}
import os, sys
with open({log!r}, "a") as log:
    print("password:", os.environ.get("PGPASSWORD"), "arguments:", *sys.argv[1:], file=log)
os.execv({real!r}, [{real!r}, *sys.argv[1:]])
"""


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgresql]:
    with Postgresql() as process:
        folder = tmp_path_factory.mktemp("making")
        manage(folder, "migrate", "--verbosity", "0", environment={"DATABASE_URL": process.url})
        manage(folder, "shell", "-v0", "-c", MAKE_PEOPLE, environment={"DATABASE_URL": process.url})
        yield process


@pytest.fixture
def environment(postgresql: Postgresql) -> dict[str, str]:
    return {"DATABASE_URL": postgresql.url, "PATH": f"{Path(program('pg_dump')).parent}:{os.environ['PATH']}"}


def execute(postgresql: Postgresql, sql: str) -> list[str]:
    with closing(psycopg.connect(postgresql.url)) as database, database:
        cursor = database.execute(sql)
        return [row[0] for row in cursor] if cursor.description else []


def people(postgresql: Postgresql) -> list[str]:
    return execute(postgresql, "SELECT username FROM streaming_person ORDER BY username")


def test_restore_is_whole_again_and_again(postgresql, environment, tmp_path):
    execute(
        postgresql, "INSERT INTO streaming_stream (kind, epoch, first_seq, last_seq) VALUES ('conversation','a',1,0)"
    )
    for number in range(2):
        manage(tmp_path, "backup", str(tmp_path / f"{number}"), environment=environment)
        execute(
            postgresql, f"CREATE TABLE later_{number} (id int); DELETE FROM streaming_person WHERE username = 'bob'"
        )
        epochs = execute(postgresql, "SELECT epoch FROM streaming_stream")
        manage(tmp_path, "restore", str(tmp_path / f"{number}"), environment=environment)
        assert people(postgresql) == ["alice", "bob"]
        assert execute(postgresql, f"SELECT count(*) FROM pg_tables WHERE tablename = 'later_{number}'") == [0]
        assert not set(epochs) & set(execute(postgresql, "SELECT epoch FROM streaming_stream"))


def test_restore_that_fails_changes_nothing(postgresql, environment, tmp_path):
    manage(tmp_path, "backup", str(tmp_path / "good"), environment=environment)
    with tarfile.open(tmp_path / "good") as good, tarfile.open(tmp_path / "bad", "w:gz") as bad:
        for member in good:
            content = good.extractfile(member).read()
            if member.name == "database":
                content = content[: len(content) * 2 // 3]
                member.size = len(content)
            bad.addfile(member, io.BytesIO(content))
    with pytest.raises(match="nothing was changed"):
        manage(tmp_path, "restore", str(tmp_path / "bad"), environment=environment)
    assert people(postgresql) == ["alice", "bob"]


def test_back_up_of_the_other_kind_is_refused(environment, tmp_path):
    manage(tmp_path, "backup", str(tmp_path / "of postgresql"), environment=environment)
    manage(tmp_path, "migrate", "--verbosity", "0")
    with pytest.raises(match="is of PostgreSQL, and this site is set to use SQLite"):
        manage(tmp_path, "restore", str(tmp_path / "of postgresql"))


def test_password_is_on_no_command_line(postgresql, environment, tmp_path):
    spies = tmp_path / "spies"
    spies.mkdir()
    for name in ("pg_dump", "pg_restore", "psql"):
        spy = spies / name
        spy.write_text(SPY.format(python=sys.executable, log=str(tmp_path / "log"), real=program(name)))
        spy.chmod(spy.stat().st_mode | stat.S_IXUSR)
    with_password = postgresql.url.replace("chatsite@", "chatsite:hunter%202@") + "?application_name=spied"
    spied = {"DATABASE_URL": with_password, "PATH": f"{spies}:{environment['PATH']}"}
    manage(tmp_path, "backup", str(tmp_path / "archive"), environment=spied)
    manage(tmp_path, "restore", str(tmp_path / "archive"), environment=spied)
    seen = (tmp_path / "log").read_text().splitlines()
    assert [line.split("arguments:")[0] for line in seen] == ["password: hunter 2 "] * 3
    arguments = [line.split("arguments:")[1] for line in seen]
    assert not [line for line in arguments if "hunter" in line]
    assert "application_name=spied" in arguments[0]


def test_missing_programs_are_named(postgresql, tmp_path):
    with pytest.raises(match=r"pg_dump is not on the PATH. Install PostgreSQL's client programs"):
        manage(
            tmp_path, "backup", str(tmp_path / "x"), environment={"DATABASE_URL": postgresql.url, "PATH": "/nowhere"}
        )
    assert not (tmp_path / "x").exists()
