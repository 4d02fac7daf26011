"""Whether a token costs more when 100,000 characters stand in front of it: paragraphs, code, list, table."""

import asyncio
from dataclasses import dataclass
from itertools import islice

from benchmarks.bench import Bench, until
from benchmarks.figures import Figure, Result, Table, number
from benchmarks.model_server import Phase
from benchmarks.processes import cpu_seconds
from benchmarks.texts import SHAPES, stream_of

LENGTH = 100_000
SHORT_TOKENS = 450  # some 2,000 characters
RATE = 50
PACK, PACK_RATE = 25, 60  # the way between: 1,500 tokens/s, to be there in good time
STREAMS = 16
GOAL = 1.2


@dataclass
class Stretch:
    """A stretch of the answers at 50 tokens a second."""

    cpu: float
    bytes: int
    tokens: int
    characters: float  # of an answer, at the end of the stretch


async def measure(bench: Bench) -> Result:
    result = Result(
        "Long answers",
        f"{STREAMS} answers at once of one shape: the cost of a token at {RATE} tokens/s within the first 2,000 "
        f"characters and, in the same answers, beyond {LENGTH:,}; between the two the model is faster. This is "
        "stricter than the average over a whole answer: it is the last token that is compared. The last column is "
        "what the end of one such answer costs, from its last token to its packed log.",
    )
    table = Table(("shape", "short ms", "long ms", "short bytes", "long bytes", "long at characters", "end ms"))
    for shape in SHAPES:
        short, long, end = await _shape(bench, shape)
        table.rows.append(
            (
                shape,
                number(1000 * short.cpu / short.tokens),
                number(1000 * long.cpu / long.tokens),
                number(short.bytes / short.tokens),
                number(long.bytes / long.tokens),
                f"{long.characters:,.0f}",
                number(1000 * end / STREAMS),
            )
        )
        cpu = (long.cpu / long.tokens) / (short.cpu / short.tokens)
        size = (long.bytes / long.tokens) / (short.bytes / short.tokens)
        result.figures.append(Figure(f"CPU per token, long against short, {shape}", cpu, "times", GOAL))
        result.figures.append(Figure(f"bytes per token, long against short, {shape}", size, "times", GOAL))
    result.tables.append(table)
    return result


async def _shape(bench: Bench, shape: str) -> tuple[Stretch, Stretch, float]:
    gate = bench.name("long")
    target = LENGTH // 10 if bench.quick else LENGTH
    way = round(target / _characters(shape) / PACK)
    phases = [Phase(SHORT_TOKENS, RATE), Phase(way, PACK_RATE, PACK), Phase(0, RATE)]
    await bench.started(gate, STREAMS, phases, text=shape)
    await bench.open_gate(gate, spread=0.02)
    await asyncio.sleep(1)
    short = await _stretch(bench, gate, bench.seconds(SHORT_TOKENS / RATE - 1.5, 3))
    await until(lambda: bench.said(gate), lambda said: all(stream["phase"] == 2 for stream in said["streams"]))
    await asyncio.sleep(1)
    long = await _stretch(bench, gate, bench.seconds(SHORT_TOKENS / RATE - 1.5, 3))
    before = cpu_seconds(bench.site.server.pid)
    await bench.ended(gate)
    await bench.site.until_compacted()
    return short, long, cpu_seconds(bench.site.server.pid) - before


def _characters(shape: str) -> float:
    """How many a token of this shape has."""
    return sum(map(len, islice(stream_of(shape), 5_000))) / 5_000


async def _stretch(bench: Bench, gate: str, seconds: float) -> Stretch:
    cpu, said, seen = cpu_seconds(bench.site.server.pid), await bench.said(gate), await bench.seen(gate)
    await asyncio.sleep(seconds)
    more_cpu, more_said, more_seen = cpu_seconds(bench.site.server.pid), await bench.said(gate), await bench.seen(gate)
    streams = more_said["streams"]
    return Stretch(
        more_cpu - cpu,
        sum(r["bytes"] for r in more_seen["readers"]) - sum(r["bytes"] for r in seen["readers"]),
        sum(s["tokens"] for s in streams) - sum(s["tokens"] for s in said["streams"]),
        sum(s["characters"] for s in streams) / len(streams),
    )
