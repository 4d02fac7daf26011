"""One process of the site: started, waited for, stalled, killed, ended. Knows a command; knows no service."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 120.0  # on a busy machine Django and Celery take half a minute to be imported
END_SECONDS = 30.0
LAST_CHARACTERS = 4_000
HELD_PORTS = 200  # more than run at a time; each is an open file, of which a process often may have 1,024


class ProcessDiedError(Exception):
    """A process ended by itself, or never became ready; the message names it and has its last lines."""


class Process:
    """May be started again and again. `ready` tells, of a living process, whether it serves; `exited` is its end.

    What it prints is appended to `output_path`. It has a session of its own, so that Ctrl+C reaches only who
    started it, and ends it in order.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        ready: Callable[[], bool],
        end_by: signal.Signals = signal.SIGTERM,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.environment = dict(environment)
        self.output_path = folder / f"{name}.log"
        self._ready = ready
        self._end_by = end_by
        self._options = dict(options or {})
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        """All that it printed, over all its lives."""
        return self.output_path.read_text(errors="replace") if self.output_path.exists() else ""

    @property
    def pid(self) -> int:
        if self._popen is None:
            raise ProcessDiedError(f"{self.name} was not started")
        return self._popen.pid

    @property
    def is_alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def is_ready(self) -> bool:
        """Whether it serves, asked once."""
        return self._ready()

    @property
    def exited(self) -> int | None:
        """The code it ended with, minus the signal where one ended it; None while it lives."""
        return self._popen.poll() if self._popen is not None else None

    def memory(self) -> int:
        """Resident bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) * 1024 if found else 0

    def start(self) -> Self:
        """Start, and return when it is ready. Raises `ProcessDiedError`."""
        self.launch()
        self.wait_until_ready()
        return self

    def launch(self) -> None:
        """Start without waiting."""
        with self.output_path.open("ab") as output:
            self._popen = subprocess.Popen(  # noqa: S603 - commands of this package
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **{"cwd": ROOT, **self._options},
            )

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when it serves. Raises `ProcessDiedError`."""
        for _ in as_ready([self], seconds):
            pass

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing to a process that has ended."""
        if self._popen is not None:
            self._popen.send_signal(number)

    def pause(self) -> None:
        """It stands still, as with its machine, until `resume`."""
        self.send(signal.SIGSTOP)

    def resume(self) -> None:
        self.send(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL to it and to the children it has, as when its machine dies; returns when it is gone."""
        if self._popen is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)  # it leads a group of its own
            self.wait(END_SECONDS)

    def ask_to_end(self) -> None:
        """Send what it takes for "end", also to one that stands still."""
        self.resume()
        self.send(self._end_by)

    def end(self, seconds: float = END_SECONDS) -> None:
        """Ask it to end; SIGKILL if it does not go."""
        self.ask_to_end()
        try:
            self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def wait(self, seconds: float) -> int:
        """Wait until it has ended by itself; its code. Raises `subprocess.TimeoutExpired`."""
        return self._popen.wait(seconds) if self._popen is not None else 0

    def __enter__(self) -> Self:
        try:
            return self.start()
        except ProcessDiedError:
            self.__exit__()
            raise

    def __exit__(self, *_exception: object) -> None:
        self.kill()

    @property
    def last_lines(self) -> str:
        """The end of what it printed."""
        return self.output[-LAST_CHARACTERS:]


def as_ready(processes: Iterable[Process], seconds: float = READY_SECONDS) -> Iterator[Process]:
    """Each of them as soon as it serves.

    Raises `ProcessDiedError` for one that ended by itself, and when for some seconds none became ready.
    """
    waiting = list(processes)
    deadline = time.monotonic() + seconds
    while waiting:
        for process in list(waiting):
            if process.is_ready:
                waiting.remove(process)
                deadline = time.monotonic() + seconds
                yield process
            elif not process.is_alive:
                raise ProcessDiedError(f"{process.name} ended by itself ({process.exited}):\n{process.last_lines}")
            elif time.monotonic() > deadline:
                raise ProcessDiedError(f"{process.name} was not ready within {seconds:g} s:\n{process.last_lines}")
        if waiting:
            time.sleep(0.05)


def manage(*arguments: str, environment: Mapping[str, str]) -> str:
    """Run `manage.py`; what it printed. Raises `ProcessDiedError`."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise ProcessDiedError(f"manage.py {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def free_port() -> int:
    """A port of this machine that nobody listens on. On Linux the system gives it to nobody else from now on.

    A bound socket that never listens holds it, until many more have been asked for. Who is told the number can
    listen there all the same, and again and again: servers set SO_REUSEADDR (socket(7)), as this socket does.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    port = int(holder.getsockname()[1])
    if sys.platform != "linux":  # elsewhere it would be in the server's way
        holder.close()
    _holders.append(holder)
    if len(_holders) > HELD_PORTS:
        _holders.popleft().close()
    return port


_holders: deque[socket.socket] = deque()
