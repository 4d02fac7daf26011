"""A back-up as one file: a compressed tar of a manifest, the database, the key and the uploads. Knows no database."""

import gzip
import json
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

FORMAT = 1  # another layout of the archive gets another number
MANIFEST, DATABASE, KEY, FILES = "manifest.json", "database", "secret_key", "files"
PIECE_BYTES = 1024 * 1024
DAMAGED = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, KeyError, TypeError)


class ArchiveError(Exception):
    """The archive cannot be made or used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself. `migrations` are those its database has seen, as `app.name`."""

    format: int
    made_at: str
    vendor: str
    migrations: tuple[str, ...]
    has_key: bool


@contextmanager
def staging_beside(path: Path) -> Iterator[Path]:
    """A folder of one's own on the disk of `path`, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=".chatsite-", dir=path.parent) as folder:
        yield Path(folder)


def write_archive(target: Path, manifest: Manifest, *, database: Path, key: Path | None, files: Path) -> None:
    """Write the archive under another name, then give it its own: what is called `target` is whole.

    Only its owner may read it. Raises `ArchiveError` where a file of that name is there already.
    """
    draft = database.with_name("archive")
    with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as tar:
            described = database.with_name(MANIFEST)
            described.write_text(json.dumps(asdict(manifest), indent=1), "utf-8")
            tar.add(described, MANIFEST)
            tar.add(database, DATABASE)
            if key is not None:
                tar.add(key, KEY)
            for path in sorted(files.rglob("*")):
                with suppress(FileNotFoundError):  # removed meanwhile
                    tar.add(path, f"{FILES}/{path.relative_to(files)}", recursive=False)
        file.flush()
        os.fsync(file.fileno())
    refuse_existing(target)
    draft.rename(target)


def refuse_existing(target: Path) -> None:
    """Raise `ArchiveError` where something is called `target`."""
    if target.exists():
        raise ArchiveError(f"{target} is there already. Choose another name; nothing was overwritten.")


def unpack_archive(path: Path, folder: Path) -> Manifest:
    """Unpack the whole archive into `folder`; the manifest. Raises `ArchiveError` when it is damaged or not ours."""
    try:
        with gzip.open(path) as whole, tarfile.open(fileobj=whole, mode="r:") as tar:
            first = tar.next()
            described = tar.extractfile(first) if first is not None and first.name == MANIFEST else None
            if described is None:
                raise ArchiveError(f"{path} is no back-up of this product.")
            manifest = _read(described.read())
            tar.extractall(folder, members=_ours(tar), filter="data")
            while whole.read(PIECE_BYTES):  # to the end, where the check sum is
                pass
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise ArchiveError(f"{path} is no back-up, or it is damaged: {error}.") from error
        raise ArchiveError(f"{path} cannot be read: {error.strerror or error}.") from error
    except DAMAGED as error:
        raise ArchiveError(f"{path} is no back-up, or it is damaged: {error}.") from error
    if not (folder / DATABASE).is_file():
        raise ArchiveError(f"{path} holds no database.")
    return manifest


def _read(text: bytes) -> Manifest:
    said = json.loads(text)
    if said["format"] != FORMAT:
        raise ArchiveError(
            f"The archive has format {said['format']}; this version reads format {FORMAT}. "
            "Restore it with the version that made it."
        )
    return Manifest(**{**said, "migrations": tuple(said["migrations"])})


def _ours(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for member in tar:
        known = member.name in {MANIFEST, DATABASE, KEY, FILES} or member.name.startswith(f"{FILES}/")
        if not known or not (member.isfile() or member.isdir()):
            raise ArchiveError(f'The archive holds "{member.name}", which no back-up has.')
        yield member
