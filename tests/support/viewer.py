"""A client of the delivery contract (docs/delivery.md) without a browser: resumes, acknowledges, notices gaps.

Written from the contract; shares no code with the product.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.support.waiting import PATIENCE_SECONDS

GAP = 4409
CURSOR = re.compile(r'id="thread"[^>]*data-cursor="([^"]+)"|data-cursor="([^"]+)"[^>]*id="thread"')


class ContractBrokenError(AssertionError):
    """The server did what the contract excludes."""


@dataclass
class Viewer:
    """One viewer of one conversation. `seq` is where it stands; `frames` is all it ever took."""

    url: str
    conversation: str
    cookies: dict[str, str]
    cursor: str = ""
    acknowledging: bool = True
    seq: int = 0
    head: int = 0
    hello: dict[str, Any] = field(default_factory=dict)
    frames: list[dict[str, Any]] = field(default_factory=list)
    resets: list[dict[str, Any]] = field(default_factory=list)
    beats: list[tuple[float, int]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    close_code: int | None = None

    def __post_init__(self) -> None:
        if self.cursor:
            self.seq = int(self.cursor.split(":")[1])

    @property
    def headers(self) -> dict[str, str]:
        return {"Origin": self.url, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    async def load(self, session: aiohttp.ClientSession) -> str:
        """Take the page's snapshot and its cursor; the page."""
        async with session.get(f"{self.url}/c/{self.conversation}/", headers=self.headers) as answer:
            page = await answer.text()
        found = CURSOR.search(page)
        if answer.status != 200 or not found:
            raise ContractBrokenError(f"no cursor in the page ({answer.status})")
        self.cursor = found[1] or found[2]
        self.seq = int(self.cursor.split(":")[1])
        return page

    @asynccontextmanager
    async def socket(self, session: aiohttp.ClientSession) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A socket that has said hello and was told where to resume."""
        address = f"{self.url}/ws/c/{self.conversation}/"
        async with session.ws_connect(address, headers=self.headers, max_msg_size=0) as socket:
            self.hello = await asyncio.wait_for(socket.receive_json(), 30)
            if self.hello.get("type") != "hello":
                raise ContractBrokenError(f"the first message is {self.hello}")
            await socket.send_json({"type": "resume", "cursor": self.cursor})
            yield socket

    async def follow(self, until: Callable[["Viewer"], bool], *, seconds: float = PATIENCE_SECONDS) -> "Viewer":
        """Watch over one socket until `until` holds; returns early when the server closes it."""
        async with aiohttp.ClientSession() as session, self.socket(session) as socket, asyncio.timeout(seconds):
            while not until(self) and await self.take(socket):
                pass
        return self

    async def take(self, socket: aiohttp.ClientWebSocketResponse) -> bool:
        """Take one message; False when the socket is closed."""
        message = await socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            self.close_code = socket.close_code
            return False
        body = json.loads(message.data)
        self.messages.append(body)
        await self._take(body, socket)
        return True

    async def follow_sse(self, until: Callable[["Viewer"], bool], *, seconds: float = PATIENCE_SECONDS) -> "Viewer":
        """The same over server-sent events, checking that each id is the frame's cursor."""
        address = f"{self.url}/sse/c/{self.conversation}/"
        async with aiohttp.ClientSession() as session, asyncio.timeout(seconds):
            answer = await session.get(address, params={"after": self.cursor}, headers=self.headers)
            if answer.status != 200 or answer.content_type != "text/event-stream":
                raise ContractBrokenError(f"{answer.status} {answer.content_type}")
            event: dict[str, str] = {}
            while not until(self):
                line = (await answer.content.readline()).decode()
                if not line:
                    break
                event = await self._take_line(line, event)
            answer.close()
        return self

    async def _take_line(self, line: str, event: dict[str, str]) -> dict[str, str]:
        if "\r" in line:
            raise ContractBrokenError("a carriage return in the event stream")
        if line != "\n":
            name, _, value = line.rstrip("\n").partition(": ")
            return {**event, name: value} if name else event
        if "data" in event:
            body = json.loads(event["data"])
            if body["type"] != event["event"] or ("cursor" in body and body["cursor"] != event["id"]):
                raise ContractBrokenError(f"event {event} carries {body['type']} at {body.get('cursor')}")
            self.messages.append(body)
            await self._take(body, None)
        return {}

    async def _take(self, body: dict[str, Any], socket: aiohttp.ClientWebSocketResponse | None) -> None:
        match body["type"]:
            case "hello":
                self.hello = body
                return
            case "beat":
                self.head = max(self.head, body["head"])
                self.beats.append((time.monotonic(), body["head"]))
                return
            case "paused":
                return
            case "reset":
                self.resets.append(body)
            case "frame":
                self._check_frame(body)
                self.frames.append(body)
            case other:
                raise ContractBrokenError(f"a message of type {other}")
        self.seq, self.cursor = body["seq"], body["cursor"]
        if self.cursor.split(":")[1] != str(self.seq):
            raise ContractBrokenError(f"cursor {self.cursor} with seq {self.seq}")
        if socket is not None and self.acknowledging:
            await socket.send_json({"type": "ack", "seq": self.seq})

    def _check_frame(self, body: dict[str, Any]) -> None:
        if body["from"] != self.seq + 1 or body["seq"] < body["from"]:
            raise ContractBrokenError(f"frame {body['from']}-{body['seq']} comes after {self.seq}")
