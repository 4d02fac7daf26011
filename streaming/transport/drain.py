"""Ask every open stream of this process to end, a few at a time. Knows no server and no socket."""

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

End = Callable[[], object]


class Drain:
    """Streams that want to be told before their process ends. `begin` may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[End, asyncio.AbstractEventLoop] = {}
        self._begun = False

    @property
    def has_begun(self) -> bool:
        return self._begun

    @property
    def open_streams(self) -> int:
        return len(self._open)

    def begin(self, *, seconds: float) -> None:
        """Call each stream's `end` on its own loop, at a random moment of the next `seconds`.

        All at once, their pages would all come back to the next process at once.
        """
        with self._lock:
            if self._begun:
                return
            self._begun = True
            told = list(self._open.items())
        for end, loop in told:
            delay = random.random() * seconds  # noqa: S311 - it spreads load, it guards nothing
            loop.call_soon_threadsafe(self._later, loop, delay, end)

    @contextmanager
    def watching(self, end: End) -> Iterator[None]:
        """Meanwhile, call `end` when the process is to end: at once if that has begun."""
        loop = asyncio.get_running_loop()
        with self._lock:
            self._open[end] = loop
            begun = self._begun
        if begun:
            loop.call_soon(self._tell, end)
        try:
            yield
        finally:
            with self._lock:
                self._open.pop(end, None)

    def _later(self, loop: asyncio.AbstractEventLoop, delay: float, end: End) -> None:
        loop.call_later(delay, self._tell, end)

    def _tell(self, end: End) -> None:
        if end in self._open:
            end()


draining = Drain()
