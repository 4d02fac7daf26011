"""A real PostgreSQL on a free port of this machine, in a folder of its own, with fsync on, which a test may break."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from tests.support.server import free_port

DEBIAN = Path("/usr/lib/postgresql")


class PostgresqlProcess:
    """A cluster with one empty database, `url`. Use as a context."""

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="chatsite-postgresql-"))
        self._data = self._folder / "data"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://chatsite@127.0.0.1:{self.port}/chatsite"

    def __enter__(self) -> Self:
        self._make()
        self.start()
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "chatsite", "chatsite")
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        settings = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}"]
        options = [part for setting in settings for part in ("-c", setting)]
        with (self._folder / "output.log").open("ab") as output:
            self._process = subprocess.Popen(
                [program("postgres"), "-D", str(self._data), *options],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **as_postgres(),
            )
        self._wait()

    def stop(self) -> None:
        """Immediate shutdown: what was committed has to be found again."""
        if self._process is not None:
            self._process.send_signal(3)
            self._process.wait(20)
            self._process = None

    def _make(self) -> None:
        if os.geteuid() == 0:
            found = pwd.getpwnam("postgres")
            os.chown(self._folder, found.pw_uid, found.pw_gid)
        self._run(
            "initdb", "-D", str(self._data), "-U", "chatsite", "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8", "-N"
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        ready = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False, timeout=10).returncode:
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self._folder / 'output.log').read_text()[-2000:]}")
            time.sleep(0.05)

    def _run(self, name: str, *arguments: str) -> None:
        command = [program(name), *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=120, cwd=self._folder, **as_postgres())


def program(name: str) -> str:
    """Where PostgreSQL's programs are: on the path, or where Debian keeps them."""
    if found := shutil.which(name):
        return found
    versions = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    if not versions:
        raise RuntimeError(f"{name} of PostgreSQL was not found")
    return str(versions[-1])


def as_postgres() -> dict[str, object]:
    """PostgreSQL refuses to run as root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
