"""The longest time that the page's main thread is busy without a break while a long answer streams into it."""

import asyncio
import json
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from benchmarks.bench import Bench, until
from benchmarks.figures import Figure, Result, Table, number, percentile
from benchmarks.model_server import Phase, Script
from benchmarks.texts import MARK
from tests.support.browsing import CHROMIUM, CHROMIUM_ARGUMENTS

GOAL = 50.0  # ms: what browsers call a long task
RATES = (50, 100)
FRONT = (20, 100)  # tokens a delta, deltas a second: what stands in the page before the rates are measured
CATEGORIES = ["disabled-by-default-devtools.timeline"]


async def measure(bench: Bench) -> Result:
    length = 8_000 if bench.quick else 60_000
    result = Result(
        "The page's main thread",
        f"Chromium shows an answer of {length:,} characters that goes on at 50, then at 100 tokens/s, page in front, "
        "scrolled to the end. The longest task of the renderer's main thread in its trace, for each rate over 10 s. "
        "One page; the browser shares the cores with the server.",
    )
    table = Table(("rate", "tasks", "p99 ms", "longest ms", "busy share of the thread"))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        try:
            for rate in RATES:
                seconds = bench.seconds(10, 4)
                tasks = await _tasks(bench, browser, length, rate, seconds)
                share = sum(tasks) / 1000 / seconds
                table.rows.append(
                    (f"{rate}/s", str(len(tasks)), number(percentile(tasks, 0.99)), number(max(tasks)), f"{share:.0%}")
                )
                result.figures.append(Figure(f"longest main-thread task at {rate} tokens/s", max(tasks), "ms", GOAL))
        finally:
            await browser.close()
    result.tables.append(table)
    return result


async def _tasks(bench: Bench, browser: Browser, length: int, rate: int, seconds: float) -> list[float]:
    """Milliseconds of each task of the main thread while a long answer goes on at `rate`."""
    gate = bench.name("page")
    pack, pack_rate = FRONT
    phases = [Phase(length // 4 // pack, pack_rate, pack), Phase(0, rate)]
    [asked] = await bench.site.start_chats([Script(gate, phases, gate=gate)])
    await bench.wait_for_streams(gate, 1)
    context = await browser.new_context(viewport={"width": 1200, "height": 900})
    await context.add_cookies([{"name": n, "value": v, "url": bench.site.server.url} for n, v in bench.site.cookies])
    page = await context.new_page()
    await page.goto(bench.site.page_of(asked.conversation))
    await bench.open_gate(gate)
    await page.get_by_text(MARK).first.wait_for()
    await until(lambda: bench.said(gate), lambda said: said["streams"][0]["phase"] == 1)
    await asyncio.sleep(1.5)
    tasks = await _traced(browser, page, seconds)
    await bench.finish(gate)
    await bench.site.until_ended()
    await context.close()
    return tasks


async def _traced(browser: Browser, page: Page, seconds: float) -> list[float]:
    await browser.start_tracing(page=page, categories=CATEGORIES)
    await asyncio.sleep(seconds)
    trace = await browser.stop_tracing()
    return _main_thread(json.loads(trace)["traceEvents"])


def _main_thread(events: list[dict[str, Any]]) -> list[float]:
    """The milliseconds of each task of the busiest renderer's main thread."""
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    found: dict[tuple[int, int], list[float]] = {main: [] for main in mains}
    for event in events:
        if event["name"] == "RunTask" and (event["pid"], event["tid"]) in mains:
            found[event["pid"], event["tid"]].append(event.get("dur", 0) / 1000)
    return max(found.values(), key=sum)
