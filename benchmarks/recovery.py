"""How long each fault is felt on a whole hosted site on which conversations stream."""

import asyncio

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result, Table, number, percentile
from deploy.cluster.cluster import Layout
from tests.support.breaking import FAULTS, fault
from tests.support.hosted import running_site
from tests.support.load import Load
from tests.support.model_server import ModelServer
from tests.support.person import Person

CHATS = 20
TIMES = 5
GOALS = {
    "web process killed": 2.0,
    "stream worker killed": 10.0,
    "stream worker stopped past its lease": 10.0,
}


async def measure(bench: Bench) -> Result:
    felt = await asyncio.to_thread(_felt, bench)
    table = Table(("fault", "felt by", "p50 s", "p99 s"))
    result = Result(
        "Recovery from faults",
        f"PostgreSQL, Redis, nginx, 2 web processes, 2 stream workers; {CHATS} conversations stream, a viewer each. "
        "Felt is: by a page of a killed web process, until its next frame; by the runs of a lost worker, until they "
        "have ended; by everybody else, the longest time without a frame.",
    )
    for name, seconds in felt.items():
        p50, p99 = percentile(seconds, 0.5), percentile(seconds, 0.99)
        table.rows.append((name, str(len(seconds)), number(p50), number(p99)))
        result.figures.append(Figure(f"felt: {name}, p99", p99, "s", GOALS.get(name)))
    result.tables.append(table)
    return result


def _felt(bench: Bench) -> dict[str, list[float]]:
    """Seconds, by fault. Everything is compared at the end: a recovery that lost something is none."""
    felt: dict[str, list[float]] = {name: [] for name in FAULTS}
    models = ModelServer()
    addresses = {"OPENAI_BASE_URL": models.openai_url, "OPENAI_API_KEY": "benchmark"}
    try:
        with running_site(bench.folder / "hosted", addresses, Layout(work=0, beat=False)) as site:
            alice = Person(site)
            for _ in range(1 if bench.quick else TIMES):
                with Load(site, models, alice, conversations=CHATS) as load:
                    for name in FAULTS:
                        felt[name] += fault(load, name)
                    load.finish()
    finally:
        models.close()
    return {name: seconds for name, seconds in felt.items() if seconds}
