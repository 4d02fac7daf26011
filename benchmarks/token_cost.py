"""CPU and bytes per token with many answers at once, against a bare relay in the same run."""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import quote

import msgspec

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result, Table, number
from benchmarks.model_server import Phase
from benchmarks.processes import cpu_seconds
from benchmarks.texts import source

RATE = 50
LEVELS = (1, 10, 40, 80, 160)
GOAL_LEVEL, GOAL = 80, 1.5
RELAY_EXPECTED = 0.105  # ms; dearer than this, it wants an explanation
SETTLE_SECONDS = 2.0  # the server's frames take half a second to find their length
CROWDED_MS = 65.0  # the longest ticks are 50 ms
LATE_SECONDS = 0.2  # a model that is later than this was not at its rate


@dataclass
class Window:
    """What one window at one level cost."""

    tokens: int
    cpu: float
    frames: int
    bytes: int
    late: float
    seconds: float


@dataclass
class Level:
    """All windows of one level."""

    streams: int
    relay: list[Window] = field(default_factory=list)
    ours: list[Window] = field(default_factory=list)

    @property
    def between_frames(self) -> float:
        """Milliseconds from one frame of an answer to its next."""
        return 1000 * self.streams * sum(w.seconds for w in self.ours) / sum(w.frames for w in self.ours)

    @property
    def ratio(self) -> float:
        return cost(self.ours) / cost(self.relay)


def cost(windows: list[Window]) -> float:
    """CPU milliseconds per token."""
    return 1000 * sum(w.cpu for w in windows) / sum(w.tokens for w in windows)


async def measure(bench: Bench) -> Result:
    levels = [await _level(bench, streams) for streams in ((1, 10, 80) if bench.quick else LEVELS)]
    return _result(levels)


async def _level(bench: Bench, streams: int) -> Level:
    level = Level(streams)
    for round_number in range(2 if streams == GOAL_LEVEL and not bench.quick else 1):
        first, second = (_relay, _ours) if round_number % 2 == 0 else (_ours, _relay)
        for measured in (first, second):
            window = await measured(bench, streams)
            (level.relay if measured is _relay else level.ours).append(window)
    return level


async def _relay(bench: Bench, streams: int) -> Window:
    gate = bench.name("relay")
    scripts = bench.scripts(gate, streams, [Phase(0, RATE)])
    await bench.watch(
        gate, {s.id: f"{bench.relay_url}/?{quote(msgspec.json.encode(s))}" for s in scripts}, product=False
    )
    await bench.wait_for_streams(gate, streams)
    window = await _window(bench, gate, bench.relay_pid)
    await bench.finish(gate)
    await bench.close_viewers(gate)
    if abs(window.frames - window.tokens) > 0.05 * window.tokens + streams:
        raise RuntimeError(f"the relay delivered {window.frames} of {window.tokens} tokens")
    return window


async def _ours(bench: Bench, streams: int) -> Window:
    gate = bench.name("ours")
    await bench.started(gate, streams, [Phase(0, RATE)])
    window = await _window(bench, gate, bench.site.server.pid)
    await bench.ended(gate)
    await bench.site.until_compacted()
    return window


async def _window(bench: Bench, gate: str, pid: int) -> Window:
    await bench.open_gate(gate)
    await asyncio.sleep(1 + SETTLE_SECONDS)
    said, seen, cpu = await bench.said(gate), await bench.seen(gate), cpu_seconds(pid)
    await asyncio.sleep(bench.seconds(10, 4))
    more_cpu, more_said, more_seen = cpu_seconds(pid), await bench.said(gate), await bench.seen(gate)
    return Window(
        _sum(more_said["streams"], "tokens") - _sum(said["streams"], "tokens"),
        more_cpu - cpu,
        _sum(more_seen["readers"], "frames") - _sum(seen["readers"], "frames"),
        _sum(more_seen["readers"], "bytes") - _sum(seen["readers"], "bytes"),
        max(stream["late"] for stream in more_said["streams"]),
        more_seen["at"] - seen["at"],
    )


def _sum(facts: list[dict[str, int]], name: str) -> int:
    return sum(each[name] for each in facts)


def _result(levels: list[Level]) -> Result:
    result = Result(
        "CPU per token",
        f"N answers at once, {RATE} tokens/s each, a reader for each, all processes of the server counted (user and "
        "system time from /proc), over 10 s after 3 s of settling; relay and server by turns at each level. The relay "
        "is Channels on plain Daphne: aiohttp, JSON, one WebSocket frame per token, nothing stored or rendered. "
        f"The text: {source()}.",
    )
    table = Table(("answers", "relay ms", "ours ms", "ratio", "ms between frames", "bytes per token", "of relay"))
    for level in levels:
        tokens = sum(w.tokens for w in level.ours)
        relay_bytes = sum(w.bytes for w in level.relay) / sum(w.tokens for w in level.relay)
        table.rows.append(
            (
                str(level.streams),
                number(cost(level.relay)),
                number(cost(level.ours)),
                number(level.ratio),
                number(level.between_frames),
                number(sum(w.bytes for w in level.ours) / tokens),
                number(relay_bytes),
            )
        )
        _judge(result, level, tokens)
    result.tables.append(table)
    result.notes.append(
        f"The goal is meant for {GOAL_LEVEL} answers. One alone needs as many commits a second as all together do, and "
        f"wakes three threads for each; that is {cost(levels[0].ours) * RATE / 10:.0f} % of one core."
    )
    if crowded := [str(level.streams) for level in levels if level.between_frames > CROWDED_MS]:
        result.notes.append(
            f"At {', '.join(crowded)} answers the machine was full: frames came late and were larger, which makes a "
            "token cheaper. Measure again when nothing else runs."
        )
    late = max(w.late for level in levels for w in [*level.relay, *level.ours])
    if late > LATE_SECONDS:
        result.notes.append(f"The fake model was up to {late:.2f} s late: the machine was busy with something else.")
    return result


def _judge(result: Result, level: Level, tokens: int) -> None:
    name = f"CPU per token against the relay, {level.streams} answers"
    result.figures.append(Figure(name, level.ratio, "times", GOAL))
    if level.streams != GOAL_LEVEL:
        return
    size = sum(w.bytes for w in level.ours) / tokens
    result.figures.append(Figure(f"bytes on the wire per token, {level.streams} answers", size, "bytes"))
    if cost(level.relay) > RELAY_EXPECTED:
        result.notes.append(
            f"The relay costs {cost(level.relay):.3f} ms here, more than the {RELAY_EXPECTED} ms that were measured "
            "elsewhere: see the processor above and what else ran; the ratio is of one run on one machine."
        )
