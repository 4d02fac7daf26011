"""A PostgreSQL of its own: a free port, a new folder, fsync on. Knows no table of ours."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from deploy.cluster.process import Process, ProcessDiedError, free_port

DEBIAN = Path("/usr/lib/postgresql")
NAME = "chatsite"  # of the role and of its database
CONNECTIONS = 400  # each process of the site has two pools of some 16


class Postgresql(Process):
    """A server with one empty database, `url`. `stop` is an immediate shutdown: what was committed is found again."""

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="chatsite-postgresql-"))
        self._data = self._folder / "data"
        self._is_made = False
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self._folder,
            "max_connections": CONNECTIONS,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        super().__init__(
            "postgresql",
            [program("postgres"), "-D", str(self._data), *options],
            folder=self._folder,
            environment=os.environ,
            ready=self._answers,
            end_by=signal.SIGQUIT,
            options=as_postgres(),
        )

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}@127.0.0.1:{self.port}/{NAME}"

    def start(self) -> Self:
        """Make the database, the first time, and start. Raises `ProcessDiedError`."""
        if self._is_made:
            return super().start()
        self._make()
        super().start()
        self._run("createdb", *self._address, NAME)
        self._is_made = True
        return self

    def stop(self) -> None:
        """End at once and keep everything."""
        self.end()

    def remove(self) -> None:
        """End and remove the folder."""
        self.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __exit__(self, *_exception: object) -> None:
        self.remove()

    @property
    def _address(self) -> Sequence[str]:
        return ("-h", "127.0.0.1", "-p", str(self.port), "-U", NAME)

    def _make(self) -> None:
        if os.geteuid() == 0:
            found = pwd.getpwnam("postgres")
            os.chown(self._folder, found.pw_uid, found.pw_gid)
        self._run("initdb", "-D", str(self._data), "-U", NAME, "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8", "-N")

    def _answers(self) -> bool:
        asked = [program("pg_isready"), "-q", *self._address]
        return subprocess.run(asked, check=False, timeout=30).returncode == 0  # noqa: S603

    def _run(self, name: str, *arguments: str) -> None:
        command = [program(name), *arguments]
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
            command, check=False, capture_output=True, text=True, timeout=120, cwd=self._folder, **as_postgres()
        )
        if done.returncode:
            raise ProcessDiedError(f"{name} of PostgreSQL failed:\n{done.stdout}{done.stderr}")


def program(name: str) -> str:
    """Where PostgreSQL's programs are: on the path, or where Debian keeps them."""
    if found := shutil.which(name):
        return found
    versions = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    if not versions:
        raise RuntimeError(f"{name} of PostgreSQL was not found")
    return str(versions[-1])


def as_postgres() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
