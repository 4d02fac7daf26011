"""`python -m benchmarks [--quick] [NAME …]`: run the benchmarks, print them, write docs/benchmarks.md."""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import browser, first_token, hosted, long_answers, memory, recovery, report, token_cost, writes
from benchmarks.bench import running_bench
from benchmarks.figures import Result
from benchmarks.machine import load, machine
from deploy.cluster.process import ROOT

# Memory first: it wants a server that has done nothing yet.
MEASURES = {
    "memory": memory.measure,
    "first-token": first_token.measure,
    "cpu": token_cost.measure,
    "long": long_answers.measure,
    "browser": browser.measure,
    "writes": writes.measure,
    "hosted": hosted.measure,
    "recovery": recovery.measure,
}
PAGE = ROOT / "docs" / "benchmarks.md"


async def run(names: Sequence[str], *, quick: bool, folder: Path) -> list[Result]:
    """The named measurements, one after the other, each on a server of its own."""
    results = []
    for name in names:
        place = folder / name
        place.mkdir()
        async with running_bench(place, quick=quick, hosted=name == "hosted") as bench:
            result = await MEASURES[name](bench)
        results.append(result)
        print("\n".join(report.lines(result)), flush=True)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(MEASURES)} (all)")
    parser.add_argument("--quick", action="store_true", help="short windows, to see that all works; writes no page")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(MEASURES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}")
    facts = machine()
    facts["other load"] = f"{load():.1f} processes wanted a core in the minute before"
    print(*(f"{name}: {value}" for name, value in facts.items()), sep="\n")
    with tempfile.TemporaryDirectory(prefix="chatsite-bench-") as folder:
        results = asyncio.run(run(arguments.names or list(MEASURES), quick=arguments.quick, folder=Path(folder)))
    print("\n".join(report.goal_lines(results)))
    if arguments.quick:
        print("\nNot written down: a quick run only shows that all works.")
        return
    PAGE.write_text(report.page(results, facts, before=PAGE.read_text() if PAGE.exists() else ""))
    print(f"\nWritten to {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
