"""Child processes and what the kernel says they cost. Knows no measurement."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.cluster.process import ROOT

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
STARTS_WITHIN = 20


class ProcessDiedError(Exception):
    """A process of the benchmark ended or never answered; the message has what it printed."""


@contextlib.contextmanager
def running(
    arguments: Sequence[str], *, folder: Path, name: str, answers_at: str, environment: dict[str, str] | None = None
) -> Iterator[int]:
    """Python with `arguments` until the block ends, once it answers HTTP at `answers_at`; its process id."""
    output = folder / f"{name}.log"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(process, answers_at, output)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _wait_for(process: "subprocess.Popen[bytes]", url: str, output: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return  # any answer will do
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise ProcessDiedError(output.read_text(errors="replace")[-4000:])


def family(pid: int) -> list[int]:
    """The process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the process, its threads, its descendants, and those it has waited for."""
    total = 0
    for each in family(pid):
        with contextlib.suppress(OSError):
            fields = _stat(each)
            total += sum(map(int, fields[11:15] if each == pid else fields[11:13]))
    return total / TICKS


def resident_bytes(pid: int) -> int:
    """Memory of the process and its descendants that is in RAM."""
    return sum(int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in family(pid)) * PAGE


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the third (state) on; see proc(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
