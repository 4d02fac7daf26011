"""A task that measures the machine it runs on: processor, then disk. Knows no run."""

import hashlib
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from streaming.agents.protocol import RunContext
from streaming.errors import InvalidInputError
from streaming.events import EventData, Progress, StreamingChunk

DEFAULT_SECONDS = 10.0
MOST_SECONDS = 3600.0
PROGRESS_SECONDS = 0.5
BLOCK = bytes(1 << 20)
PAGE = bytes(4096)  # what a small commit writes


class Benchmark:
    """How fast the machine of a worker hashes, and how long it takes to make 4 KiB durable.

    Takes the argument `seconds`, half of which goes to the processor and half to the disk. Resumable: a measurement
    that was cut off is worth nothing, and another one harms nobody.
    """

    name = "benchmark"
    resumable = True

    def work(self, context: RunContext, stop: threading.Event) -> Generator[EventData]:
        """Progress twice a second, then a table. Raises `InvalidInputError`."""
        whole = _seconds(context.arguments)
        half = whole / 2
        yield StreamingChunk("Measuring the machine of this worker.\n\n")
        hashing = yield from _measured(_hash, seconds=half, of=whole, before=0.0, note="processor", stop=stop)
        with tempfile.TemporaryFile() as file:
            sync = partial(_sync, file.fileno())
            syncing = yield from _measured(sync, seconds=half, of=whole, before=half, note="disk", stop=stop)
        if not stop.is_set():
            yield StreamingChunk(_table(hashing, syncing))


def _measured(
    once: Callable[[], None], *, seconds: float, of: float, before: float, note: str, stop: threading.Event
) -> Generator[EventData, None, list[float]]:
    """How long each call of `once` took, in seconds, called again for `seconds` of `of` or until `stop`."""
    took: list[float] = []
    began = told = time.monotonic()
    while (now := time.monotonic()) - began < seconds and not stop.is_set():
        once()
        took.append(time.monotonic() - now)
        if now - told > PROGRESS_SECONDS:
            told = now
            done = before + now - began
            yield Progress(percent=round(100 * done / of, 1), note=note, eta=round(of - done, 1))
    return took


def _hash() -> None:
    hashlib.sha256(BLOCK).digest()


def _sync(descriptor: int) -> None:
    os.pwrite(descriptor, PAGE, 0)
    os.fsync(descriptor)


def _table(hashing: list[float], syncing: list[float]) -> str:
    rows = [
        f"| SHA-256 of 1 MiB blocks | {len(hashing) / sum(hashing):.0f} MiB/s |",
        f"| making 4 KiB durable in `{tempfile.gettempdir()}` | {statistics.median(syncing) * 1000:.2f} ms (median) |",
        f"| the slowest of {len(syncing)} | {max(syncing) * 1000:.2f} ms |",
        f"| processors | {os.cpu_count()} |",
    ]
    return "\n".join(["| what | measured |", "|---|---|", *rows]) + "\n"


def _seconds(arguments: dict[str, Any]) -> float:
    try:
        seconds = float(arguments.get("seconds", DEFAULT_SECONDS))
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds <= MOST_SECONDS:  # also refuses NaN
        raise InvalidInputError(f"seconds must be a number above 0, up to {MOST_SECONDS:.0f}.")
    return seconds
