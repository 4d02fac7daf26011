"""A viewer that keeps watching through every fault, as the page does: back-off, silence, gaps, close codes.

Written from docs/delivery.md; shares no code with the product. It puts each frame into a small DOM.
"""

import asyncio
import json
import random
import time
from dataclasses import dataclass, field

import aiohttp

from tests.support.dom import Page
from tests.support.rolling import Rolling
from tests.support.viewer import GAP, ContractBrokenError, Viewer

FIRST_SECONDS = 0.25
LONGEST_SECONDS = 8.0
SILENT_SECONDS = 25.0  # rule 4
BEHIND_SECONDS = 5.0
REPLACED = 4412
GOES_ON = {None, 1000, 1001, 1005, 1006, 1011, 1012, 4408, 4409, REPLACED, 4500}


@dataclass
class PageViewer(Viewer):
    """Starts from a snapshot. `arrived` has the time (monotonic) of each frame, `greeted` of each hello.

    `seq` moves when a frame comes, `noted` when its content is in the DOM: other threads go by `noted`.
    """

    rolling: Rolling = field(default_factory=Rolling)
    arrived: list[float] = field(default_factory=list)
    greeted: list[float] = field(default_factory=list)
    broken: BaseException | None = None
    noted: int = 0
    _page: Page = field(default_factory=lambda: Page("thread"))
    _tries: int = 0
    _moved: float = 0.0

    def __str__(self) -> str:
        since = time.monotonic() - self.arrived[-1] if self.arrived else float("inf")
        line = f"{len(self.greeted)} lines, the last closed with {self.close_code}, {self.broken!r}"
        return f"{self.conversation} at {self.seq} of {self.head}, last frame {since:.1f} s ago, {line}"

    async def watch(self) -> None:
        """Until cancelled; `broken` says what the contract excludes and happened."""
        timeout = aiohttp.ClientTimeout(total=None, connect=5, sock_connect=5)
        try:
            async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
                while True:
                    await self._one_line(session)
                    await asyncio.sleep(self._pause())
        except Exception as error:  # noqa: BLE001 - told by the test's thread
            self.broken = error

    def shows(self, run: str) -> str:
        """The code block of `run` as it is now."""
        return self.rolling.shown(run)

    @property
    def resets_later(self) -> list[str]:
        """Why it got a further snapshot than the first."""
        return [reset["reason"] for reset in self.resets[1:]]

    async def _one_line(self, session: aiohttp.ClientSession) -> None:
        self.close_code = None
        try:
            async with self.socket(session) as socket:
                self._moved = time.monotonic()
                self.greeted.append(self._moved)
                await self._listen(socket)
        except (aiohttp.ClientError, TimeoutError, ConnectionError, TypeError):
            return  # TypeError: a line that ended instead of saying hello
        if self.close_code not in GOES_ON:
            raise ContractBrokenError(f"the server closed with {self.close_code}")

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        heard = time.monotonic()
        while True:
            try:
                message = await socket.receive(timeout=1.0)
            except TimeoutError:
                if time.monotonic() - heard > SILENT_SECONDS or self._is_behind():
                    await socket.close(code=GAP)
                    return
                continue
            heard = time.monotonic()
            if message.type is not aiohttp.WSMsgType.TEXT:
                self.close_code = socket.close_code
                return
            await self._hear(json.loads(message.data), socket)

    async def _hear(self, body: dict, socket: aiohttp.ClientWebSocketResponse) -> None:
        if body["type"] == "beat":
            self._tries = 0
        await self._take(body, socket)
        if body["type"] not in {"frame", "reset"}:
            return
        self._tries, self._moved = 0, time.monotonic()
        self.arrived.append(self._moved)
        if body["type"] == "reset":
            self._page = Page("thread", body["content"])
        elif body.get("content"):
            self._page.apply(body["content"])
        self._note()

    def _note(self) -> None:
        for article in self._page.root.all("article"):
            run = article.attributes.get("data-run")
            blocks = [code for pre in article.all("pre") for code in pre.all("code")]
            if run and blocks:
                self.rolling.note(self.seq, run, blocks[0].text)
        self.noted = self.seq

    def _is_behind(self) -> bool:
        return self.head > self.seq and time.monotonic() - self._moved > BEHIND_SECONDS

    def _pause(self) -> float:
        if self.close_code == REPLACED:
            return random.random() * 2
        pause = min(FIRST_SECONDS * 2**self._tries, LONGEST_SECONDS)
        self._tries += 1
        return pause * (0.7 + 0.6 * random.random())
