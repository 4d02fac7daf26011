"""The whole site over several processes: stop, first token, CPU by part, idle connections, rows of the log."""

import asyncio
import time

from benchmarks import first_token
from benchmarks.bench import Bench, until
from benchmarks.figures import Figure, Result, Table, number, percentile
from benchmarks.hosted_server import HostedServer
from benchmarks.model_server import Phase, Script

RATE = 50
STREAMS = 80
STOPS = 50
SOCKETS = 2_000
SETTLE_SECONDS = 3.0
STOP_GOAL, FIRST_TOKEN_GOAL = 300.0, 25.0  # ms
SIZES = "SELECT COUNT(*), COALESCE(SUM(pg_column_size(e.*)), 0)::bigint FROM streaming_event e"


async def measure(bench: Bench) -> Result:
    server = bench.site.server
    assert isinstance(server, HostedServer)
    result = Result(
        "Hosted",
        "2 web processes behind nginx, 2 workers of streams, PostgreSQL and Redis on this machine, with the fake model "
        "and the readers: more processes than cores, so times are those of a crowded machine. Stop: from the request "
        "to the model's connection being closed, half of them before the first token. CPU: user and system time of "
        f"every process of a part, {STREAMS} answers of {RATE} tokens/s with a reader each.",
    )
    await _first_tokens(bench, result)
    await _tokens(bench, server, result)
    await _idle(bench, server, result)
    await _stops(bench, result)  # the last: what was stopped did not end as complete
    return result


async def _first_tokens(bench: Bench, result: Result) -> None:
    chats = await first_token.open_chats(bench, first_token.CHATS)
    tries = await first_token.measure_warm(bench, chats, 8 if bench.quick else 30)
    await bench.close_viewers("first token")
    added = [each.added for each in tries]
    goal = FIRST_TOKEN_GOAL
    result.figures += [
        Figure("hosted: time added to the first token, warm, p50", percentile(added, 0.5), "ms", goal),
        Figure("hosted: time added to the first token, warm, p95", percentile(added, 0.95), "ms"),
    ]


async def _stops(bench: Bench, result: Result) -> None:
    took = [await _stop(bench, speaking=bool(number % 2)) for number in range(10 if bench.quick else STOPS)]
    result.figures += [
        Figure("hosted: stop across processes, p50", percentile(took, 0.5), "ms"),
        Figure("hosted: stop across processes, p95", percentile(took, 0.95), "ms", STOP_GOAL),
    ]


async def _stop(bench: Bench, *, speaking: bool) -> float:
    """Milliseconds from the request to the closed connection."""
    name = bench.name("stop")
    script = Script(name, [Phase(0, RATE)], gate="" if speaking else name)  # a gate that nobody opens
    asked = await bench.site.start_chat(script)
    awaited = "first" if speaking else "received"
    await until(lambda: bench.said(name), lambda said: bool(said["streams"] and said["streams"][0][awaited]))
    pressed = time.monotonic()
    await bench.site.stop(asked.run)
    said = await until(lambda: bench.said(name), lambda said: said["streams"][0]["closed"], pause=0.02)
    return 1000 * (said["streams"][0]["closed"] - pressed)


async def _tokens(bench: Bench, server: HostedServer, result: Result) -> None:
    gate, streams = bench.name("hosted"), 10 if bench.quick else STREAMS
    before = _sizes(server)
    await bench.started(gate, streams, [Phase(0, RATE)])
    await bench.open_gate(gate)
    await asyncio.sleep(1 + SETTLE_SECONDS)
    said, cpu = await _said(bench, gate), server.cpu()
    await asyncio.sleep(bench.seconds(10, 4))
    more, more_cpu = await _said(bench, gate), server.cpu()
    during = _sizes(server)
    await bench.ended(gate)
    await bench.site.until_compacted()
    after = _sizes(server)
    tokens = more - said
    costs = {name: 1000 * (more_cpu[name] - cpu[name]) / tokens for name in cpu}
    whole = sum(costs.values())
    table = Table(("part", "CPU ms per token"))
    table.rows += [(name, number(cost)) for name, cost in [*costs.items(), ("all", whole)]]
    result.tables.append(table)
    result.figures += [
        Figure(f"hosted: CPU per token, all parts, {streams} answers", whole, "ms"),
        Figure("hosted: answers of 50 tokens/s that a core carries", 1000 / (whole * RATE), "answers"),
        Figure("hosted: rows per answer while it is written", (during[0] - before[0]) / streams, "rows"),
        Figure("hosted: bytes per answer while it is written", (during[1] - before[1]) / streams, "bytes"),
        Figure("hosted: rows per answer after compaction", (after[0] - before[0]) / streams, "rows"),
        Figure("hosted: bytes per answer after compaction", (after[1] - before[1]) / streams, "bytes"),
    ]


async def _said(bench: Bench, gate: str) -> int:
    return sum(stream["tokens"] for stream in (await bench.said(gate))["streams"])


def _sizes(server: HostedServer) -> tuple[int, int]:
    with server.connect() as connection:
        rows, size = connection.execute(SIZES).fetchone() or (0, 0)
    return rows, size


async def _idle(bench: Bench, server: HostedServer, result: Result) -> None:
    """Memory of the web processes for each socket on a conversation in which nothing happens."""
    sockets = 200 if bench.quick else SOCKETS
    chats = [
        asked.conversation
        for asked in await bench.site.start_chats(Script(bench.name("idle"), [Phase(3, 200)]) for _ in range(20))
    ]
    await bench.site.until_ended()
    await bench.site.until_compacted()
    before = server.web_bytes()
    for number_of in range(sockets // len(chats)):
        await bench.watch(f"idle {number_of}", {chat: bench.site.page_of(chat) for chat in chats}, product=True)
    await asyncio.sleep(2)
    each = (server.web_bytes() - before) / sockets
    for number_of in range(sockets // len(chats)):
        await bench.close_viewers(f"idle {number_of}")
    result.figures.append(Figure(f"hosted: memory per idle connection, {sockets} connections", each / 1024, "KiB"))
