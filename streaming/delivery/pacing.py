"""When a frame may leave. Knows time and the load of this process; knows no text and no viewer."""

import asyncio
import time
import weakref

# A screen shows 30 to 60 pictures a second; measured, a tick of 33 ms costs 1.4 times a bare relay, one of 50 ms 1.1.
FRAME_SECONDS = 0.033
LOADED_FRAME_SECONDS = 0.050
# Engines commit each 33 ms too. A viewer's own clock of that length would beat against theirs and add up to a
# whole tick, so what comes a little early leaves at once.
EARLY_SHARE = 0.3
LOAD_STARTS, LOAD_FULL = 0.5, 0.8  # shares of one core
MEASURE_SECONDS = 0.5


class LoadGauge:
    """The share of one core that this process used lately; the interpreter's lock lets it have no second one.

    A process that needs more than half of one sends fewer, larger frames: up to 50 ms apart instead of 33.
    """

    def __init__(self) -> None:
        self.frame_seconds = FRAME_SECONDS
        self._wall = time.monotonic()
        self._cpu = time.process_time()

    def measure(self) -> None:
        """Look at the clocks. Called every half second or so."""
        wall, cpu = time.monotonic(), time.process_time()
        if wall - self._wall >= MEASURE_SECONDS / 2:
            self.take((cpu - self._cpu) / (wall - self._wall))
            self._wall, self._cpu = wall, cpu

    def take(self, share: float) -> None:
        """Set the length of a frame for a process that uses `share` of one core."""
        stretch = min(max((share - LOAD_STARTS) / (LOAD_FULL - LOAD_STARTS), 0.0), 1.0)
        self.frame_seconds = FRAME_SECONDS + stretch * (LOADED_FRAME_SECONDS - FRAME_SECONDS)


class Ticker:
    """One viewer's frames: the first after a pause at once, the next ones a frame's length apart."""

    def __init__(self, gauge: LoadGauge) -> None:
        self._gauge = gauge
        self._last = float("-inf")

    def next_at(self) -> float:
        """The earliest time (monotonic seconds) at which the next frame may leave."""
        return self._last + self._gauge.frame_seconds * (1 - EARLY_SHARE)

    def left(self, now: float) -> None:
        """A frame left."""
        self._last = now


_gauges: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, LoadGauge] = weakref.WeakKeyDictionary()


def load_gauge() -> LoadGauge:
    """The gauge of the running loop, which keeps itself up to date."""
    loop = asyncio.get_running_loop()
    gauge = _gauges.get(loop)
    if gauge is None:
        gauge = _gauges[loop] = LoadGauge()
        loop.call_later(MEASURE_SECONDS, _measure, weakref.ref(gauge), loop)
    return gauge


def _measure(gauge: weakref.ref[LoadGauge], loop: asyncio.AbstractEventLoop) -> None:
    living = gauge()
    if living is not None:
        living.measure()
        loop.call_later(MEASURE_SECONDS, _measure, gauge, loop)
