"""The processes of a benchmark and how to talk to them. Knows no measurement."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.hosted_server import running_hosted_site
from benchmarks.model_server import Phase, Script
from benchmarks.processes import running
from benchmarks.relay import MODEL_URL
from benchmarks.site import Site, running_site
from deploy.cluster.process import free_port


@dataclass
class Bench:
    """What every measurement works with. `quick`: short windows, to see that all works."""

    folder: Path
    quick: bool
    site: Site
    relay_url: str
    relay_pid: int
    model_url: str
    viewers_url: str
    session: aiohttp.ClientSession
    numbers: "count[int]" = field(default_factory=count)

    def name(self, kind: str) -> str:
        """A name that was not used before."""
        return f"{kind}-{next(self.numbers)}"

    def seconds(self, full: float, quick: float) -> float:
        return quick if self.quick else full

    async def said(self, gate: str) -> dict[str, Any]:
        """What the model said to a gate's prompts, or to the prompt of an id."""
        return await self._get(f"{self.model_url}/control/said", gate=gate)

    async def wait_for_streams(self, gate: str, number: int, *, seconds: float = 60) -> None:
        """Until so many requests have reached the model."""
        await until(lambda: self.said(gate), lambda said: len(said["streams"]) >= number, seconds=seconds)

    async def open_gate(self, gate: str, *, spread: float = 1.0) -> None:
        await self._post(f"{self.model_url}/control/open?gate={gate}&spread={spread}")

    async def finish(self, gate: str) -> None:
        """Have the gate's answers end and wait until they did."""
        await self._post(f"{self.model_url}/control/finish?gate={gate}")
        await until(lambda: self.said(gate), lambda said: all(stream["done"] for stream in said["streams"]))

    async def watch(self, group: str, urls: dict[str, str], *, product: bool, stops: bool = False) -> None:
        """Open a reader for each address; answers when they all read."""
        headers = self.site.headers if product else {}
        body = {"group": group, "urls": urls, "product": product, "stops": stops, "headers": headers}
        await self._post(f"{self.viewers_url}/open", body)

    async def seen(self, group: str) -> dict[str, Any]:
        return await self._get(f"{self.viewers_url}/seen", group=group)

    async def forget_marks(self, group: str) -> None:
        await self._post(f"{self.viewers_url}/forget?group={group}")

    async def close_viewers(self, group: str) -> None:
        await self._post(f"{self.viewers_url}/close?group={group}")

    def scripts(self, gate: str, number: int, phases: Sequence[Phase], *, text: str = "mix") -> list[Script]:
        """Prompts that wait for one gate; each answer begins elsewhere in the mix."""
        return [
            Script(self.name(gate), list(phases), text=text, start=position * 97, gate=gate)
            for position in range(number)
        ]

    async def started(self, gate: str, number: int, phases: Sequence[Phase], *, text: str = "mix") -> None:
        """Conversations with prompts under way and a reader each, before the first token."""
        asked = await self.site.start_chats(self.scripts(gate, number, phases, text=text))
        await self.wait_for_streams(gate, number)
        await self.watch(
            gate, {each.conversation: self.site.page_of(each.conversation) for each in asked}, product=True
        )

    async def ended(self, gate: str) -> None:
        """Let the answers end, see that every reader has all of them, and close the readers."""
        await self.finish(gate)
        await self.site.until_ended()
        heads = self.site.heads()
        await until(lambda: self.seen(gate), lambda seen: _all_there(seen, heads))
        await self.close_viewers(gate)

    async def _get(self, url: str, **query: str) -> dict[str, Any]:
        async with self.session.get(url, params=query) as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found

    async def _post(self, url: str, body: Any = None) -> None:
        async with self.session.post(url, json=body) as answer:
            if answer.status != 200:
                raise RuntimeError(f"{url}: {answer.status} {await answer.text()}")


def _all_there(seen: dict[str, Any], heads: dict[str, int]) -> bool:
    lost = [reader for reader in seen["readers"] if reader["closed"] or reader["resets"]]
    if lost:
        raise RuntimeError(f"readers lost their socket or place: {lost[:3]}")
    return all(reader["seq"] == heads[reader["name"]] for reader in seen["readers"])


async def until[T](
    ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool], *, seconds: float = 60, pause: float = 0.05
) -> T:
    """Ask until the answer holds; that answer."""
    deadline = time.monotonic() + seconds
    while not holds(found := await ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"this did not come: {str(found)[:1000]}")
        await asyncio.sleep(pause)
    return found


@asynccontextmanager
async def running_bench(folder: Path, *, quick: bool, hosted: bool = False) -> AsyncIterator[Bench]:
    """All processes, ended whatever happens."""
    ports = [free_port() for _ in range(3)]
    model, viewers, relay = (f"http://127.0.0.1:{port}" for port in ports)
    with ExitStack() as stack:
        session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120), cookie_jar=aiohttp.DummyCookieJar())
        start = ["-m", "benchmarks.model_server", str(ports[0])]
        stack.enter_context(running(start, folder=folder, name="model", answers_at=f"{model}/models"))
        start = ["-m", "benchmarks.viewers", str(ports[1])]
        stack.enter_context(running(start, folder=folder, name="viewers", answers_at=f"{viewers}/seen?group="))
        start = ["-m", "daphne", "-b", "127.0.0.1", "-p", str(ports[2]), "benchmarks.relay:application"]
        relay_pid = stack.enter_context(
            running(start, folder=folder, name="relay", answers_at=relay, environment={MODEL_URL: model})
        )
        async with session:
            start_site = running_hosted_site if hosted else running_site
            site = stack.enter_context(start_site(folder / "site", model, session))
            await site.prepare()
            yield Bench(folder, quick, site, relay, relay_pid, model, viewers, session)
