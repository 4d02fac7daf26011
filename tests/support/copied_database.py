"""What operators do to a data folder with their own hands: copy the database, wipe everything, put the copy back."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.server import ChatServer


def wipe(server: ChatServer) -> None:
    server.stop()
    for path in server.data_dir.iterdir():
        if path != server.output_path:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def copy_of(server: ChatServer, target: Path) -> Path:
    """As an operator copies it, with SQLite's own means."""
    with closing(sqlite3.connect(server.data_dir / "chatsite.sqlite3")) as database:
        database.execute("VACUUM INTO ?", [str(target)])
    return target


def put_back(copy: Path, server: ChatServer) -> None:
    """The copy instead of what is there; the key stays. The server is stopped afterwards."""
    key = (server.data_dir / "secret_key").read_bytes()
    wipe(server)
    shutil.copy(copy, server.data_dir / "chatsite.sqlite3")
    (server.data_dir / "secret_key").write_bytes(key)
