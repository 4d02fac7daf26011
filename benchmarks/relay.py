"""The yardstick: what Channels on plain Daphne costs when it does nothing but pass tokens on.

One request to the model per socket, one frame per token; nothing is stored, rendered, numbered or bounded.
"""

import asyncio
import os
from urllib.parse import unquote

import aiohttp
import msgspec
from django.conf import settings

settings.configure()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402 - reads the settings
from channels.routing import ProtocolTypeRouter  # noqa: E402 - as above

MODEL_URL = "BENCH_MODEL_URL"
_sessions: list[aiohttp.ClientSession] = []


def _session() -> aiohttp.ClientSession:
    if not _sessions:
        _sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
    return _sessions[0]


class Relay(AsyncWebsocketConsumer):
    """Sends the prompt that the query string carries, and every token of the answer."""

    async def connect(self) -> None:
        await self.accept()
        self.task = asyncio.create_task(self.relay(unquote(self.scope["query_string"].decode())))

    async def disconnect(self, code: int) -> None:  # noqa: ARG002 - Channels' signature
        self.task.cancel()

    async def relay(self, prompt: str) -> None:
        body = {"model": "bench", "stream": True, "messages": [{"role": "user", "content": prompt}]}
        async with _session().post(f"{os.environ[MODEL_URL]}/chat/completions", json=body) as answer:
            async for line in answer.content:
                if not line.startswith(b"data: {"):
                    continue
                for choice in msgspec.json.decode(line[6:])["choices"]:
                    if token := choice["delta"].get("content"):
                        await self.send(text_data=token)


application = ProtocolTypeRouter({"websocket": Relay.as_asgi()})
