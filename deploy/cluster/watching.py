"""Start again what dies, as an init system does. Knows processes; knows neither their order nor what they serve."""

import time
from collections.abc import Callable, Sequence

from deploy.cluster.process import READY_SECONDS, Process

AGAIN_SECONDS = 2.0  # what ends at its very start is not started several times a second


class Watch:
    """Looks at all of them at once: nobody waits for another to serve, and no failure ends the watch."""

    def __init__(self, processes: Sequence[Process], say: Callable[[str], None]) -> None:
        self._processes = processes
        self._say = say
        self._started: dict[Process, float] = {}
        self._slow: set[Process] = set()

    def look(self) -> None:
        """Start what has ended, then say which of those that were started serve. Waits for nothing."""
        for process in self._processes:
            if not process.is_alive and time.monotonic() - self._started.get(process, -AGAIN_SECONDS) >= AGAIN_SECONDS:
                self._start(process)
        for process in list(self._started):
            self._follow(process)

    def _start(self, process: Process) -> None:
        failed = f":\n{process.last_lines}" if process in self._started else ""
        self._say(f"{process.name} ended ({process.exited}); it is started again{failed}")
        self._started[process] = time.monotonic()
        try:
            process.launch()
        except OSError as error:
            self._say(f"{process.name} could not be started: {error}")

    def _follow(self, process: Process) -> None:
        passed = time.monotonic() - self._started[process]
        if process.is_alive and process.is_ready:
            del self._started[process]
            self._slow.discard(process)
            self._say(f"{process.name} serves again after {passed:.1f} s")
        elif process.is_alive and passed > READY_SECONDS and process not in self._slow:
            self._slow.add(process)
            self._say(f"{process.name} does not serve after {passed:.0f} s; it is waited for:\n{process.last_lines}")
