"""The archive as a file: whole or refused, and never more than what a back-up has."""

import io
import json
import stat
import tarfile
from pathlib import Path

import pytest

from streaming.management.archive import FORMAT, ArchiveError, Manifest, staging_beside, unpack_archive, write_archive

MANIFEST = Manifest(FORMAT, "2026-11-21T12:00:00+00:00", "sqlite", ("streaming.0001_initial",), has_key=True)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    target, files = tmp_path / "archive", tmp_path / "files"
    (files / "deep").mkdir(parents=True)
    (files / "deep" / "upload").write_bytes(b"upload" * 1000)
    with staging_beside(target) as staging:
        (staging / "database").write_bytes(b"rows")
        (staging / "key").write_text("the key")
        write_archive(target, MANIFEST, database=staging / "database", key=staging / "key", files=files)
    return target


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    return folder


def archive_of(path: Path, **members: bytes) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            described = tarfile.TarInfo(name.replace("__", "/").replace("_json", ".json"))
            described.size = len(content)
            tar.addfile(described, io.BytesIO(content))
    return path


def described(**changes: object) -> bytes:
    said = {"format": FORMAT, "made_at": "", "vendor": "sqlite", "migrations": [], "has_key": False}
    return json.dumps(said | changes).encode()


def test_what_was_packed_is_unpacked_and_only_its_owner_may_read_it(archive, folder):
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert unpack_archive(archive, folder) == MANIFEST
    assert (folder / "database").read_bytes() == b"rows"
    assert (folder / "secret_key").read_text() == "the key"
    assert (folder / "files" / "deep" / "upload").read_bytes() == b"upload" * 1000


def test_nothing_is_overwritten(archive, tmp_path):
    before = archive.read_bytes()
    with staging_beside(archive) as staging:
        (staging / "database").write_bytes(b"other rows")
        with pytest.raises(ArchiveError, match="is there already"):
            write_archive(archive, MANIFEST, database=staging / "database", key=None, files=tmp_path / "none")
    assert archive.read_bytes() == before


@pytest.mark.parametrize("kept", [0, 1, 20, 0.5, 0.9, -1])
def test_archive_that_was_cut_is_refused(archive, folder, kept):
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(ArchiveError, match="no back-up"):
        unpack_archive(archive, folder)


def test_archive_with_a_changed_byte_is_refused(archive, folder):
    whole = bytearray(archive.read_bytes())
    whole[-6] ^= 1  # in the check sum
    archive.write_bytes(whole)
    with pytest.raises(ArchiveError, match="damaged"):
        unpack_archive(archive, folder)


def test_other_files_are_refused(tmp_path, folder):
    (tmp_path / "text").write_text("just a text")
    with pytest.raises(ArchiveError, match="no back-up"):
        unpack_archive(tmp_path / "text", folder)
    with pytest.raises(ArchiveError, match="No such file"):
        unpack_archive(tmp_path / "nothing", folder)
    with pytest.raises(ArchiveError, match="no back-up of this product"):
        unpack_archive(archive_of(tmp_path / "tar", database=b""), folder)


def test_another_format_names_both(tmp_path, folder):
    newer = archive_of(tmp_path / "newer", manifest_json=described(format=FORMAT + 1), database=b"")
    with pytest.raises(ArchiveError, match=f"format {FORMAT + 1}; this version reads format {FORMAT}"):
        unpack_archive(newer, folder)


@pytest.mark.parametrize("name", ["server.lock", "..__elsewhere", "files__..__..__elsewhere", "__etc__passwd"])
def test_members_that_no_back_up_has_are_refused(tmp_path, folder, name):
    hostile = archive_of(tmp_path / "hostile", manifest_json=described(), database=b"", **{name: b"x"})
    with pytest.raises(ArchiveError):
        unpack_archive(hostile, folder)
    assert not (tmp_path / "elsewhere").exists()


def test_archive_without_a_database_is_refused(tmp_path, folder):
    with pytest.raises(ArchiveError, match="holds no database"):
        unpack_archive(archive_of(tmp_path / "empty", manifest_json=described()), folder)
