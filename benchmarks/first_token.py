"""How much later than the model's first token a reader sees it, and where the time goes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.bench import Bench, until
from benchmarks.figures import Figure, Result, Table, number, percentile
from benchmarks.model_server import Phase, Script
from benchmarks.site import Asked

THINK_SECONDS = 0.1
CHATS = 10  # a conversation is asked a few times, as people do
WARM_GOAL, BUSY_GOAL = 15.0, 30.0  # ms


@dataclass(frozen=True)
class Try:
    """Milliseconds that we added to one answer's first token."""

    before: float  # from sending the prompt to the model's having the request
    after: float  # from the model's first token to the reader's having it

    @property
    def added(self) -> float:
        return self.before + self.after


async def measure(bench: Bench) -> Result:
    tries = 8 if bench.quick else 30
    chats = await open_chats(bench, CHATS)
    warm = await measure_warm(bench, chats, tries)
    busy = await _beside_others(bench, chats, tries)
    at_once = [found for _ in range(max(2, tries // 6)) for found in await _round(bench, chats)]
    await bench.close_viewers("first token")
    result = Result(
        "Time to the first token",
        "(reader sees the first token - prompt is sent) - (model sends it - model has the request): what we add to the "
        f"model's own {THINK_SECONDS * 1000:.0f} ms. In a conversation that is open, over one connection that is open.",
    )
    table = Table(("case", "tries", "p50 ms", "p95 ms", "of it before the model p50", "after the model p50"))
    for name, found in (("warm", warm), ("beside 9 others", busy), ("10 prompts at once", at_once)):
        table.rows.append((name, str(len(found)), *_row(found)))
    result.tables.append(table)
    result.figures += _figures("warm", warm, WARM_GOAL)
    result.figures += _figures("at 10 answers", busy, BUSY_GOAL)
    result.figures += _figures("10 prompts at the same moment", at_once, None)
    return result


async def measure_warm(bench: Bench, chats: list[str], tries: int) -> list[Try]:
    """One prompt after the other, after some that do not count."""
    await _one_by_one(bench, chats, 3)
    return await _one_by_one(bench, chats, tries)


async def open_chats(bench: Bench, number_of: int) -> list[str]:
    """Conversations with one short answer each, and a reader."""
    scripts = [Script(bench.name("opening"), [Phase(5, 100)]) for _ in range(number_of)]
    asked = await bench.site.start_chats(scripts)
    await bench.site.until_ended(each.run for each in asked)
    chats = [each.conversation for each in asked]
    await bench.watch("first token", {chat: bench.site.page_of(chat) for chat in chats}, product=True)
    return chats


async def _beside_others(bench: Bench, chats: list[str], tries: int) -> list[Try]:
    gate = bench.name("beside")
    await bench.started(gate, 9, [Phase(0, 50)])
    await bench.open_gate(gate)
    await asyncio.sleep(1.5)
    found = await _one_by_one(bench, chats, tries)
    await bench.ended(gate)
    return found


async def _one_by_one(bench: Bench, chats: list[str], tries: int) -> list[Try]:
    found: list[Try] = []
    for number_of in range(tries):
        found += await _round(bench, [chats[number_of % len(chats)]])
        await asyncio.sleep(0.007 * (number_of % 8))  # not in step with the server's ticks
    return found


async def _round(bench: Bench, chats: list[str]) -> list[Try]:
    """One prompt in each conversation, at the same moment."""
    await bench.forget_marks("first token")
    asked = await asyncio.gather(*(_ask(bench, chat) for chat in chats))
    found = [await _try(bench, *pair) for pair in asked]
    await bench.site.until_ended(each.run for _, each in asked)
    await asyncio.sleep(0.05)
    return found


async def _ask(bench: Bench, chat: str) -> tuple[Script, Asked]:
    script = Script(bench.name("first"), [Phase(6, 50)], think=THINK_SECONDS)
    return script, await bench.site.send(chat, script)


async def _try(bench: Bench, script: Script, asked: Asked) -> Try:
    async def marked() -> float:
        readers = (await bench.seen("first token"))["readers"]
        return next(float(reader["marked"]) for reader in readers if reader["name"] == asked.conversation)

    shown = await until(marked, bool, pause=0.02)
    [said] = (await bench.said(script.id))["streams"]
    return Try(1000 * (said["received"] - asked.sent_at), 1000 * (shown - said["first"]))


def _row(tries: Sequence[Try]) -> list[str]:
    added = [each.added for each in tries]
    return [
        number(percentile(added, 0.5)),
        number(percentile(added, 0.95)),
        number(percentile([each.before for each in tries], 0.5)),
        number(percentile([each.after for each in tries], 0.5)),
    ]


def _figures(case: str, tries: Sequence[Try], most: float | None) -> list[Figure]:
    added = [each.added for each in tries]
    return [
        Figure(f"time added to the first token, {case}, p50", percentile(added, 0.5), "ms", most),
        Figure(f"time added to the first token, {case}, p95", percentile(added, 0.95), "ms"),
    ]
