"""The product as a process: start, sign in, kill, stall, start again. Knows its command line and its pages only."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from deploy.cluster import process
from deploy.cluster.nginx import answers
from deploy.cluster.process import ROOT, Process, free_port
from tests.support.log_reader import LogReader
from tests.support.signing_in import PASSWORD, sign_in

STOP_SECONDS = 20
DISCARD = "http://127.0.0.1:9"  # the discard port: an Ollama of the machine must not be found
MAKE_PEOPLE = f"""
from django.contrib.auth import get_user_model
people = get_user_model().objects
people.create_superuser("alice", "alice@example.org", {PASSWORD!r})
people.create_user("bob", "bob@example.org", {PASSWORD!r})
"""


class ChatServer(Process):
    """One `manage.py serve` on a port and a data folder that survive restarts. `version`: where the product lies."""

    def __init__(
        self,
        data_dir: Path,
        *,
        environment: dict[str, str] | None = None,
        arguments: Sequence[str] = (),
        version: Path = ROOT,
    ) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        super().__init__(
            "output",
            [sys.executable, "manage.py", "serve", "--port", str(self.port), *arguments],
            folder=data_dir,
            environment=clean_environment(data_dir, environment or {}),
            ready=lambda: answers(f"{self.url}/accounts/login/"),
            options={"cwd": version},
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> LogReader:
        return LogReader.of_sqlite(self.data_dir / "chatsite.sqlite3")

    def stop(self) -> None:
        """SIGTERM; SIGKILL if it does not go."""
        self.end(STOP_SECONDS)

    def sign_in(self, username: str = "alice", *, url: str = "") -> dict[str, str]:
        """The cookies of a person who signed in through the log-in page."""
        return sign_in(url or self.url, username)


@contextlib.contextmanager
def running_server(
    folder: Path, *, environment: dict[str, str] | None = None, arguments: Sequence[str] = ()
) -> Iterator[ChatServer]:
    """A server over a copy of the furnished folder; ended, whatever happens."""
    shutil.copytree(furnished_folder(), folder, dirs_exist_ok=True)
    server = ChatServer(folder, environment=environment, arguments=arguments)
    try:
        yield server.start()
    finally:
        server.stop()


@cache
def furnished_folder() -> Path:
    """A data folder with tables, alice (administrator) and bob; made once, to be copied."""
    holder = tempfile.TemporaryDirectory(prefix="chatsite-furnished-")
    folder = Path(holder.name)
    _keep.append(holder)
    manage(folder, "migrate", "--verbosity", "0")
    manage(folder, "shell", "--verbosity", "0", "-c", MAKE_PEOPLE)
    return folder


def manage(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> str:
    """Run `manage.py` over a data folder; what it printed. Raises ProcessDiedError."""
    return process.manage(*arguments, environment=clean_environment(folder, environment or {}))


def tried(folder: Path, *arguments: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run `manage.py` over a data folder, whatever comes of it."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=process.ROOT,
        env=clean_environment(folder, environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def clean_environment(folder: Path, more: dict[str, str]) -> dict[str, str]:
    """An environment with nothing of the machine's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    ours = {
        "CHATSITE_DATA_DIR": str(folder),
        "OLLAMA_HOST": DISCARD,
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "chatsite.settings",
    }
    return {**kept, **ours, **more}


_keep: list[tempfile.TemporaryDirectory[str]] = []
