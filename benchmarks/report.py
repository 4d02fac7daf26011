"""The figures as a page and as lines on a terminal. Knows no measurement."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from benchmarks.figures import Figure, Result, Table, number

HEADS = ("figure", "value", "unit", "goal", "", "remark")
INTRODUCTION = """\
# Benchmarks

Written by `make bench`; do not edit. Every process is separate: the server, the relay it is compared with, a fake \
model that speaks OpenAI's format over HTTP, and the readers, one WebSocket for each answer, that acknowledge \
as a page does. Only the server and the relay are charged for their time.
"""


def page(results: Sequence[Result], facts: dict[str, str], *, took: float) -> str:
    """The whole report as markdown."""
    day = datetime.now(UTC).date().isoformat()
    head = [INTRODUCTION, *(f"- {name}: {value}" for name, value in facts.items())]
    head += [f"- measured on {day}, in {took / 60:.1f} minutes", "", "## Goals", "", *_markdown(_goals(results)), ""]
    return "\n".join(head + [line for result in results for line in _section(result)])


def lines(result: Result) -> list[str]:
    """One result for the terminal."""
    found = [f"\n{result.title}"]
    for table in [*result.tables, _table(result.figures)]:
        found += ["", *_aligned(table)]
    return found + [f"  {note}" for note in result.notes]


def goal_lines(results: Sequence[Result]) -> list[str]:
    """All goals for the terminal."""
    return ["\nGoals", "", *_aligned(_goals(results))]


def _goals(results: Iterable[Result]) -> Table:
    return _table([figure for result in results for figure in result.figures if figure.most is not None])


def _section(result: Result) -> list[str]:
    found = [f"## {result.title}", "", result.how, ""]
    for table in [*result.tables, _table(result.figures)]:
        found += [*_markdown(table), ""] if table.rows else []
    return found + [line for note in result.notes for line in (note, "")]


def _table(figures: Iterable[Figure]) -> Table:
    return Table(HEADS, [(f.what, number(f.value), f.unit, f.goal, f.verdict, f.note) for f in figures])


def _markdown(table: Table) -> list[str]:
    rows = [table.heads, ["---"] * len(table.heads), *table.rows]
    return [f"| {' | '.join(row)} |" for row in rows]


def _aligned(table: Table) -> list[str]:
    if not table.rows:
        return []
    rows = [[cell.replace("**", "") for cell in row] for row in [table.heads, *table.rows]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.heads))]
    return [
        "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
