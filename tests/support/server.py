"""The product as a process: start, sign in, kill, stall, start again. Knows its command line and its pages only."""

import contextlib
import http.cookiejar
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from tests.support.log_reader import LogReader

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "correct horse battery staple"
START_SECONDS = 40
DISCARD = "http://127.0.0.1:9"  # the discard port: an Ollama of the machine must not be found
MAKE_PEOPLE = f"""
from django.contrib.auth import get_user_model
people = get_user_model().objects
people.create_superuser("alice", "alice@example.org", {PASSWORD!r})
people.create_user("bob", "bob@example.org", {PASSWORD!r})
"""


class ServerDiedError(AssertionError):
    """The process ended, or never answered; the message has what it printed."""


class ChatServer:
    """One `manage.py serve` on a port and a data folder that survive restarts."""

    def __init__(
        self, data_dir: Path, *, environment: dict[str, str] | None = None, arguments: Sequence[str] = ()
    ) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.environment = clean_environment(data_dir, environment or {})
        self.arguments = list(arguments)
        self.output_path = data_dir / "output.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> LogReader:
        return LogReader.of_sqlite(self.data_dir / "chatsite.sqlite3")

    @property
    def output(self) -> str:
        return self.output_path.read_text(errors="replace") if self.output_path.exists() else ""

    @property
    def pid(self) -> int:
        if self.process is None:
            raise ServerDiedError("the server is not running")
        return self.process.pid

    def start(self) -> "ChatServer":
        """Start and wait until it answers."""
        with self.output_path.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(self.port), *self.arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_until_it_answers()
        return self

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise ServerDiedError(f"the server ended by itself:\n{self.output[-4000:]}")
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/accounts/login/", timeout=5):
                return
            time.sleep(0.05)
        raise ServerDiedError(f"the server did not answer in {START_SECONDS} s:\n{self.output[-4000:]}")

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._end(signal.SIGKILL, 10)

    def stop(self) -> None:
        """SIGTERM; SIGKILL if it does not go."""
        if self.process is None:
            return
        try:
            self._end(signal.SIGTERM, 20)
        except subprocess.TimeoutExpired:
            self.kill()

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def memory(self) -> int:
        """Resident bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) * 1024 if found else 0

    def sign_in(self, username: str = "alice", *, url: str = "") -> dict[str, str]:
        """The cookies of a person who signed in through the log-in page."""
        jar = http.cookiejar.CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        page = f"{url or self.url}/accounts/login/"
        with opener.open(page, timeout=20) as answer:
            answer.read()
        form = {"login": username, "password": PASSWORD, "csrfmiddlewaretoken": cookies_of(jar)["csrftoken"]}
        request = urllib.request.Request(page, urllib.parse.urlencode(form).encode(), {"Referer": page})
        try:
            with opener.open(request, timeout=20) as answer:
                answer.read()
        except urllib.error.HTTPError as error:  # where signing in leads is another test's business
            error.close()
        found = cookies_of(jar)
        if "sessionid" not in found:
            raise ServerDiedError(f"signing in as {username} gave no session:\n{self.output[-4000:]}")
        return found

    def _end(self, how: signal.Signals, seconds: float) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)  # a stopped process does not hear SIGTERM
            self.process.send_signal(how)
        self.process.wait(seconds)
        self.process = None


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
        if server.process is not None:
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
    """Run `manage.py` over a data folder; what it printed. Raises ServerDiedError."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=clean_environment(folder, environment or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise ServerDiedError(f"manage.py {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


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


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def cookies_of(jar: http.cookiejar.CookieJar) -> dict[str, str]:
    return {cookie.name: cookie.value or "" for cookie in jar}


_keep: list[tempfile.TemporaryDirectory[str]] = []
