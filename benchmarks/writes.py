"""What an answer writes to the database: commits, rows, bytes; and what is left of it once it is packed."""

import asyncio
import sqlite3

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result, Table, number
from benchmarks.model_server import Phase
from benchmarks.write_ahead_log import written, written_since

TOKENS, RATE = 400, 50
SIZES = "SELECT COUNT(*), COALESCE(SUM(LENGTH(CAST(body AS BLOB))), 0) FROM streaming_event"


async def measure(bench: Bench) -> Result:
    result = Result(
        "Writes to the database",
        f"Answers of {TOKENS} tokens at {RATE} tokens/s. Commits and pages are read from SQLite's write-ahead log, "
        "from the first token to the last, with the engine's heartbeat of one a second; commits are shared by all "
        "answers of the process. Rows and bytes are those of the event log, for question and answer, as it grows and "
        "after it was packed.",
    )
    heads = ("answers at once", "commits", "per answer", "pages per answer", "rows per answer", "bytes per answer")
    table = Table((*heads, "rows packed", "bytes packed"))
    for answers in (1, 10):
        table.rows.append(await _writes(bench, answers, result))
    result.tables.append(table)
    return result


async def _writes(bench: Bench, answers: int, result: Result) -> list[str]:
    gate = bench.name("writes")
    tokens = TOKENS // 4 if bench.quick else TOKENS
    with bench.site.reading() as reading:
        before = _size(reading)
    await bench.started(gate, answers, [Phase(tokens, RATE)])
    await asyncio.sleep(1)
    with bench.site.reading() as holding, bench.site.reading() as reading:
        _hold(holding)  # a snapshot in use keeps the write-ahead log from starting over
        start, grown = written(bench.site.server.database), before
        await bench.open_gate(gate, spread=0.2)
        while not all(stream["done"] for stream in (await bench.said(gate))["streams"]):
            grown = max(grown, _size(reading))
            await asyncio.sleep(0.05)
        commits, pages = written_since(bench.site.server.database, start)
        holding.execute("ROLLBACK")
    await bench.ended(gate)
    await bench.site.until_compacted()
    with bench.site.reading() as reading:
        after = _size(reading)
    rows, size = grown[0] - before[0], grown[1] - before[1]
    packed_rows = after[0] - before[0]
    packed_size = after[1] - before[1]
    if answers == 1:
        result.figures += [
            Figure(f"commits per answer of {tokens} tokens", commits, "commits"),
            Figure(f"rows per answer of {tokens} tokens", rows, "rows"),
            Figure("bytes in the log per token, while it streams", size / tokens, "bytes"),
            Figure("bytes in the log per token, packed", packed_size / tokens, "bytes"),
        ]
    each = (commits, commits / answers, pages / answers, rows / answers, size / answers)
    return [str(answers), *map(number, (*each, packed_rows / answers, packed_size / answers))]


def _hold(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    connection.execute("SELECT COUNT(*) FROM streaming_stream").fetchone()


def _size(connection: sqlite3.Connection) -> tuple[int, int]:
    rows, size = connection.execute(SIZES).fetchone()
    return int(rows), int(size)
