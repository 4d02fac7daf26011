"""`manage.py backup` and `manage.py restore` over a data folder: what comes back, what is kept, what is refused."""

import re
import shutil
import sqlite3
import stat
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.server import furnished_folder, manage

STREAM = "INSERT INTO streaming_stream (kind, epoch, first_seq, last_seq) VALUES ('conversation', ?, 1, 0)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site with two streams, an upload and a key."""
    folder = shutil.copytree(furnished_folder(), tmp_path / "data")
    (folder / "secret_key").write_text("k" * 64)
    (folder / "files").mkdir()
    (folder / "files" / "upload").write_text("old")
    with closing(sqlite3.connect(folder / "chatsite.sqlite3")) as database, database:
        database.executemany(STREAM, [("aaaaaaaa",), ("bbbbbbbb",)])
    return folder


def rows(folder: Path, sql: str) -> list[str]:
    with closing(sqlite3.connect(folder / "chatsite.sqlite3")) as database:
        return [row[0] for row in database.execute(sql)]


def test_restore_brings_everything_back_and_keeps_what_was_there(folder, tmp_path):
    archive = tmp_path / "archive"
    assert "SECRET_KEY" not in manage(folder, "backup", str(archive))
    with closing(sqlite3.connect(folder / "chatsite.sqlite3")) as database, database:
        database.execute("DELETE FROM streaming_person")
    (folder / "files" / "upload").write_text("new")
    (folder / "files" / "later").write_text("later")
    (folder / "secret_key").write_text("n" * 64)
    printed = manage(folder, "restore", str(archive))
    former = Path(re.search(r"kept in (\S+);", printed)[1])
    assert rows(folder, "SELECT username FROM streaming_person") == ["alice", "bob"]
    assert [path.name for path in (folder / "files").iterdir()] == ["upload"]
    assert ((folder / "files" / "upload").read_text(), (folder / "secret_key").read_text()) == ("old", "k" * 64)
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in ("secret_key", "chatsite.sqlite3")} == {0o600}
    epochs = rows(folder, "SELECT epoch FROM streaming_stream")
    assert len({*epochs, "aaaaaaaa", "bbbbbbbb"}) == 4
    assert all(re.fullmatch("[0-9a-f]{8}", epoch) for epoch in epochs)
    assert rows(former, "SELECT count(*) FROM streaming_person") == [0]
    assert (former / "files" / "later").read_text() == "later"


def test_archive_without_keys_leaves_the_present_one(folder, tmp_path):
    archive = tmp_path / "archive"
    assert "SECRET_KEY is not in it" in manage(folder, "backup", str(archive), "--without-keys")
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["manifest.json", "database", "files/upload"]
    (folder / "secret_key").write_text("n" * 64)
    assert "The back-up holds no key" in manage(folder, "restore", str(archive))
    assert (folder / "secret_key").read_text() == "n" * 64


def test_restore_refuses_and_changes_nothing(folder, tmp_path):
    archive = tmp_path / "archive"
    manage(folder, "backup", str(archive))
    with pytest.raises(match="is there already"):
        manage(folder, "backup", str(archive))
    newer = shutil.copytree(folder, tmp_path / "newer")
    with closing(sqlite3.connect(newer / "chatsite.sqlite3")) as database, database:
        database.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('streaming', '9999_more', 0)")
    manage(newer, "backup", str(tmp_path / "of newer"))
    before = (folder / "chatsite.sqlite3").read_bytes()
    with pytest.raises(match=r"newer version \(streaming.9999_more is not known here\)"):
        manage(folder, "restore", str(tmp_path / "of newer"))
    assert (folder / "chatsite.sqlite3").read_bytes() == before
    assert not list(folder.glob("before-restore-*"))


def test_back_up_of_nothing_is_refused_and_makes_nothing(tmp_path):
    with pytest.raises(match="There is no database in"):
        manage(tmp_path, "backup", str(tmp_path / "archive"))
    assert list(tmp_path.iterdir()) == []


def test_restore_refuses_while_another_process_has_the_database_open(folder, tmp_path):
    manage(folder, "backup", str(tmp_path / "archive"))
    with closing(sqlite3.connect(folder / "chatsite.sqlite3")) as database:
        assert database.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
        database.execute("SELECT count(*) FROM streaming_person").fetchone()
        with pytest.raises(match="Stop every process"):
            manage(folder, "restore", str(tmp_path / "archive"))
    assert not list(folder.glob("before-restore-*"))


def test_damaged_database_is_replaced_and_sessions_end_when_asked(folder, tmp_path):
    with closing(sqlite3.connect(folder / "chatsite.sqlite3")) as database, database:
        database.execute("INSERT INTO django_session VALUES ('key', 'data', '2999-01-01')")
    manage(folder, "backup", str(tmp_path / "archive"))
    (folder / "chatsite.sqlite3").write_bytes(b"broken" * 1000)
    manage(folder, "restore", str(tmp_path / "archive"), "--sign-out")
    assert rows(folder, "SELECT username FROM streaming_person") == ["alice", "bob"]
    assert rows(folder, "SELECT count(*) FROM django_session") == [0]
