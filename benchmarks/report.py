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


def page(results: Sequence[Result], facts: dict[str, str], *, before: str = "") -> str:
    """The whole report as markdown. Of the page `before`, what was not measured again is kept."""
    kept = _sections(before)
    goals = _goals(results).rows
    measured = {row[0] for row in goals}
    old = [row for row in _rows(kept.pop("Goals", "")) if row[0] not in measured]
    sections = kept | {result.title: "\n".join(_section(result, facts)) for result in results}
    table = "\n".join(_markdown(Table(HEADS, [*old, *goals])))
    head = "\n".join(f"- {name}: {value}" for name, value in facts.items() if name != "other load")
    return "\n".join(
        [INTRODUCTION, f"{head}\n", f"## Goals\n\n{table}\n", *(text.strip() + "\n" for text in sections.values())]
    )


def _sections(text: str) -> dict[str, str]:
    """The sections of a page by their titles, each with its heading."""
    return {part.partition("\n")[0]: f"## {part}" for part in text.split("\n## ")[1:]}


def _rows(section: str) -> list[Sequence[str]]:
    """The rows of the table in a section, without its head."""
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


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


def _section(result: Result, facts: dict[str, str]) -> list[str]:
    measured = f"Measured on {datetime.now(UTC).date().isoformat()}; other load: {facts['other load']}."
    found = [f"## {result.title}", "", result.how, "", measured, ""]
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
