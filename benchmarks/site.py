"""The product as a process with a person who is signed in and asks. Knows its pages, and its tables to read only."""

import asyncio
import contextlib
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from benchmarks.model_server import MODEL, Script
from tests.support.server import ChatServer, running_server

if TYPE_CHECKING:
    from benchmarks.hosted_server import HostedServer

CHOICE = re.compile(rf'<option value="([^"]+)"[^>]*>\s*{MODEL}\s*<')
ASKING = 4  # prompts at a time


@dataclass
class Asked:
    """A prompt that was sent, and when (monotonic seconds)."""

    conversation: str
    run: str
    sent_at: float


class EmbeddedServer:
    """One process on a data folder of its own; `connect` opens its database to read. `HostedServer` is used alike."""

    def __init__(self, server: ChatServer) -> None:
        self.url = server.url
        self.sign_in = server.sign_in
        self.pid = server.pid
        self.database = server.data_dir / "chatsite.sqlite3"
        self._server = server

    @property
    def output(self) -> str:
        return self._server.output

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, isolation_level=None)


class Site:
    """Talks to the server as alice's browser does."""

    def __init__(self, server: "EmbeddedServer | HostedServer", session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        cookies = server.sign_in()
        self.headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "Origin": server.url,
            "Accept": "application/json",
        }
        self._fields: dict[str, str] = {}
        self.cookies = list(cookies.items())

    async def prepare(self, *, seconds: float = 20) -> None:
        """Find the fake model among the models that a new chat offers."""
        deadline = time.monotonic() + seconds
        while True:
            async with self.session.get(f"{self.server.url}/", headers=self.headers) as answer:
                page = await answer.text()
            if found := CHOICE.search(page):
                token = re.search(r'name="csrf-token" content="([^"]+)"', page)
                self.headers["X-CSRFToken"] = token[1] if token else dict(self.cookies)["csrftoken"]
                self._fields = {"model": found[1]}
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"the page offers no model {MODEL}: {page[-2000:]}")
            await asyncio.sleep(0.2)

    async def start_chat(self, script: Script) -> Asked:
        """Ask in a new conversation."""
        return await self._ask("/prompts/", script)

    async def send(self, conversation: str, script: Script) -> Asked:
        """Ask in an old one."""
        return await self._ask(f"/c/{conversation}/prompts/", script)

    async def start_chats(self, scripts: Iterable[Script]) -> list[Asked]:
        """Many new conversations, a few at a time."""
        limit = asyncio.Semaphore(ASKING)

        async def one(script: Script) -> Asked:
            async with limit:
                return await self.start_chat(script)

        return list(await asyncio.gather(*map(one, scripts)))

    def page_of(self, conversation: str) -> str:
        return f"{self.server.url}/c/{conversation}/"

    async def _ask(self, path: str, script: Script) -> Asked:
        fields = {**self._fields, "text": msgspec.json.encode(script).decode(), "key": f"key-{script.id}"}
        sent_at = time.monotonic()
        async with self.session.post(f"{self.server.url}{path}", data=fields, headers=self.headers) as answer:
            if answer.status >= 300:
                raise RuntimeError(f"{answer.status} {(await answer.text())[:2000]}")
            body = await answer.json()
        conversation = body.get("location", path).split("/")[2]
        return Asked(conversation, body["run"], sent_at)

    async def stop(self, run: str) -> None:
        """Press Stop."""
        async with self.session.post(f"{self.server.url}/runs/{run}/stop/", headers=self.headers) as answer:
            if answer.status >= 300:
                raise RuntimeError(f"{answer.status} {(await answer.text())[:2000]}")

    @contextlib.contextmanager
    def reading(self) -> Iterator[Any]:
        """A connection that only reads; SQLite's or PostgreSQL's, which are used alike here."""
        with contextlib.closing(self.server.connect()) as connection:
            yield connection

    async def until_ended(self, runs: Iterable[str] = (), *, seconds: float = 60) -> None:
        """Wait until these runs (or all) are over; raises when one did not end as complete."""
        among = ", ".join(f"'{run}'" for run in runs)
        these = f"id IN ({among})" if among else "TRUE"
        deadline = time.monotonic() + seconds
        with self.reading() as connection:
            while live := self._count(connection, f"{these} AND state IN ('queued', 'running', 'waiting')"):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{live} runs did not end:\n{self.server.output[-3000:]}")
                await asyncio.sleep(0.05)
            if bad := self._count(connection, f"{these} AND state <> 'complete'"):
                raise RuntimeError(f"{bad} runs did not end well:\n{self.server.output[-3000:]}")

    async def until_compacted(self, *, seconds: float = 60) -> None:
        """Wait until the events of ended runs are packed."""
        deadline = time.monotonic() + seconds
        with self.reading() as connection:
            while connection.execute("SELECT EXISTS (SELECT 1 FROM streaming_event WHERE type = 'chunk')").fetchone()[
                0
            ]:
                if time.monotonic() > deadline:
                    raise TimeoutError("events were not compacted")
                await asyncio.sleep(0.05)

    def heads(self) -> dict[str, int]:
        """Where the log of each conversation ends."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT c.id, s.last_seq FROM streaming_conversation c JOIN streaming_stream s ON s.id = c.stream_id"
            )
            return dict(rows.fetchall())

    @staticmethod
    def _count(connection: Any, where: str) -> int:
        return int(connection.execute(f"SELECT COUNT(*) FROM streaming_run WHERE {where}").fetchone()[0])


@contextlib.contextmanager
def running_site(folder: Path, model_url: str, session: aiohttp.ClientSession) -> Iterator[Site]:
    """A server of its own data folder, with the fake model as its only one beside the demo."""
    environment = {"OPENAI_BASE_URL": f"{model_url}/v1", "CHATSITE_LOG_LEVEL": "WARNING"}
    with running_server(folder, environment=environment) as server:
        yield Site(EmbeddedServer(server), session)
