"""Memory of the server: idle, for each page that is open, and with readers that have stopped reading."""

import asyncio

from benchmarks.bench import Bench, until
from benchmarks.figures import Figure, Result, Table, number
from benchmarks.model_server import Phase, Script
from benchmarks.processes import cpu_seconds, resident_bytes

MIB = 2**20
IDLE_GOAL = 150.0
READERS = 20
FLOOD = Phase(400, 40, 400)  # 16,000 tokens/s, some 70 kB/s; 10 s, within the 15 s after which a silent reader goes
KEPT_GOAL = 10.0  # MiB, of all of them: what an answer leaves behind in the heap varies by so much
FLAT_GOAL = 1.0  # MiB: 256 KiB of credit, the kernel's and the transport's buffers, and the consumer


async def measure(bench: Bench) -> Result:
    pid = bench.site.server.pid
    idle = await _settled(pid)
    idle_cpu = await _idle_cpu(bench)
    sockets = 50 if bench.quick else 200
    per_socket = await _per_socket(bench, sockets)
    reading = await _flood(bench, stops=False)
    stopped = await _flood(bench, stops=True)
    result = Result(
        "Memory",
        "Resident memory of all processes of the server. Idle: after start, log-in and one page. A page that is open: "
        f"{sockets} sockets, each on a conversation of its own, after their pages were loaded. Stopped readers: "
        f"{READERS} readers of one long answer acknowledge and read nothing, against {READERS} that read.",
    )
    table = Table((f"{READERS} readers of one answer", "before MiB", "most during MiB", "after MiB"))
    for name, (before, most, after) in (("that read", reading), ("that stopped", stopped)):
        table.rows.append((name, *(number(value / MIB) for value in (before, most, after))))
    result.tables.append(table)
    grown = max(0.0, (stopped[1] - stopped[0]) - max(0, reading[1] - reading[0])) / READERS / MIB
    result.figures += [
        Figure("memory of the server, idle", idle / MIB, "MiB", IDLE_GOAL),
        Figure("CPU of the server, idle", idle_cpu * 1000, "ms/s"),
        Figure("memory per open page that is idle", per_socket / 1024, "KiB"),
        Figure("memory per reader that stopped, beyond one that reads", grown, "MiB", FLAT_GOAL),
        Figure("memory kept after readers that stopped", max(0, stopped[2] - reading[2]) / MIB, "MiB", KEPT_GOAL),
    ]
    return result


async def _settled(pid: int) -> int:
    """Resident bytes once they stand still."""
    before = -1
    while abs((now := resident_bytes(pid)) - before) > MIB / 4:
        before = now
        await asyncio.sleep(1)
    return now


async def _idle_cpu(bench: Bench) -> float:
    seconds = bench.seconds(5, 2)
    before = cpu_seconds(bench.site.server.pid)
    await asyncio.sleep(seconds)
    return (cpu_seconds(bench.site.server.pid) - before) / seconds


async def _per_socket(bench: Bench, number_of: int) -> float:
    scripts = [Script(bench.name("idle"), [Phase(3, 200)]) for _ in range(number_of)]
    chats = [asked.conversation for asked in await bench.site.start_chats(scripts)]
    await bench.site.until_ended()
    await bench.site.until_compacted()
    urls = {chat: bench.site.page_of(chat) for chat in chats}
    half = dict(list(urls.items())[: number_of // 2])
    # Once for what stays for good when so many pages are loaded, then for what the sockets themselves take.
    await bench.watch("warm", half, product=True)
    await bench.close_viewers("warm")
    before = await _settled(bench.site.server.pid)
    await bench.watch("idle", urls, product=True)
    after = await _settled(bench.site.server.pid)
    await bench.close_viewers("idle")
    return (after - before) / number_of


async def _flood(bench: Bench, *, stops: bool) -> tuple[int, int, int]:
    """Memory before, at most during, and after an answer that `READERS` watch."""
    gate = bench.name("flood")
    [asked] = await bench.site.start_chats([Script(bench.name(gate), [FLOOD], text="paragraphs", gate=gate)])
    await bench.wait_for_streams(gate, 1)
    for number_of in range(READERS):
        # One address each: a group's readers are told apart by their name.
        await bench.watch(gate, {f"{number_of}": bench.site.page_of(asked.conversation)}, product=True, stops=stops)
    before = await _settled(bench.site.server.pid)
    await bench.open_gate(gate)
    most = before
    while not all(stream["done"] for stream in (await bench.said(gate))["streams"]):
        most = max(most, resident_bytes(bench.site.server.pid))
        await asyncio.sleep(0.1)
    await bench.site.until_ended()
    if not stops:
        head = bench.site.heads()[asked.conversation]
        await until(lambda: bench.seen(gate), lambda seen: all(r["seq"] == head for r in seen["readers"]))
    await bench.close_viewers(gate)
    await bench.site.until_compacted()
    return before, most, await _settled(bench.site.server.pid)
