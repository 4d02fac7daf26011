"""A scripted model API over real HTTP on this machine, one answer per request. Knows no product code."""

import asyncio
import json
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


NO_LINGER = struct.pack("ii", 1, 0)  # closing resets the connection


class ScriptedApi:
    """Answers each request with the next of `answers`, the last one again and again."""

    def __init__(self):
        self.answers: deque[Answer] = deque()
        self.requests = []  # (method, path, headers, JSON body or None)
        self.asked = asyncio.Event()
        self.left = asyncio.Event()  # a client went before its answer ended
        self.url = ""

    async def handle(self, request):
        body = await request.read()
        self.requests.append((request.method, request.path_qs, dict(request.headers), json.loads(body or b"null")))
        self.asked.set()
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.popleft()
        try:
            return await answer(request)
        except (asyncio.CancelledError, ConnectionError):
            self.left.set()
            raise

    @property
    def bodies(self):
        return [body for *_, body in self.requests]


@asynccontextmanager
async def served():
    """A `ScriptedApi` on a port of its own."""
    scripted = ScriptedApi()
    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", scripted.handle)
    server = TestServer(app)
    await server.start_server()
    scripted.url = f"http://127.0.0.1:{server.port}"
    try:
        yield scripted
    finally:
        await server.close()


def document(body, status=200, headers=None, content_type="application/json"):
    """An answer that comes at once."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def answer(_):
        return web.Response(body=content, status=status, headers=headers, content_type=content_type)

    return answer


def pieces(*steps, content_type="text/event-stream"):
    """An answer in steps: bytes are sent, a number is waited for, `cut` drops the connection, an event is awaited."""

    async def answer(request):
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(request)
        for step in steps:
            if isinstance(step, bytes):
                await response.write(step)
            elif isinstance(step, asyncio.Event):
                await step.wait()
            elif step == "cut":
                request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                request.transport.abort()
                raise ConnectionResetError
            else:
                await asyncio.sleep(step)
        return response

    return answer


def text(delta, finish_reason=None):
    """One chunk of chat completions."""
    choice = {"index": 0, "delta": {"content": delta}, "finish_reason": finish_reason}
    return b"data: " + json.dumps({"model": "m-1", "choices": [choice]}).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
HELLO = (text("Hel"), text("lo", "stop"), DONE)


async def gather(stream, events):
    """Put what `stream` gives into `events`; what came before an error stays there."""
    async for event in stream:
        events.append(event)
