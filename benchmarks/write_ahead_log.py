"""Commits and pages in SQLite's write-ahead log, read from its file.

https://sqlite.org/fileformat2.html#the_write_ahead_log
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HEADER = struct.Struct(">8xI4x8s8x")  # page size, salts
_FRAME = struct.Struct(">II8s8x")  # page, pages of the database after a commit or 0, salts


@dataclass(frozen=True)
class Place:
    """How far the log had been written."""

    salts: bytes
    frames: int


def written(database: Path) -> Place:
    """Where the log ends now."""
    salts, frames = _frames(database)
    return Place(salts, len(list(frames)))


def written_since(database: Path, place: Place) -> tuple[int, int]:
    """Commits and pages since `place`, if the log has started over at most once, right after it."""
    salts, frames = _frames(database)
    sizes = list(frames)[place.frames if salts == place.salts else 0 :]
    return sum(map(bool, sizes)), len(sizes)


def _frames(database: Path) -> tuple[bytes, Iterator[int]]:
    log = database.with_name(f"{database.name}-wal").read_bytes()
    if len(log) < _HEADER.size:
        return b"", iter(())
    page, salts = _HEADER.unpack_from(log)
    return salts, _valid(log, page, salts)


def _valid(log: bytes, page: int, salts: bytes) -> Iterator[int]:
    """The database's size in each frame of the present log; older frames behind them have other salts."""
    for start in range(_HEADER.size, len(log) - _FRAME.size - page + 1, _FRAME.size + page):
        _, size, found = _FRAME.unpack_from(log, start)
        if found != salts:
            return
        yield size
