"""A model as fast as wanted: OpenAI's chat completions, each token at its time by the clock, without drift.

A process of its own, told what to say by the prompt (`Script` as JSON) and asked what it said over `/control/`.
"""

import asyncio
import heapq
import time
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import count, islice
from typing import Any

import msgspec
from aiohttp import web

from benchmarks.serving import serve
from benchmarks.texts import stream_of

MODEL = "bench"
MAX_BUFFERED = 1 << 20  # a reader that does not read makes its stream wait, as a real server's would
HEAD = '{"id":"chatcmpl-bench0000000000000000","object":"chat.completion.chunk","created":1763600000,"model":"bench",'
ENDING = (
    f'data: {HEAD}"choices":[{{"index":0,"delta":{{}},"logprobs":null,"finish_reason":"stop"}}],"usage":null}}\n\n'
    f'data: {HEAD}"choices":[],"usage":{{"prompt_tokens":11,"completion_tokens":22,"total_tokens":33}}}}\n\n'
    "data: [DONE]\n\n"
).encode()


class Phase(msgspec.Struct):
    """`deltas` (0: until told to finish) at `rate` a second, each of `pack` tokens."""

    deltas: int
    rate: float
    pack: int = 1


class Script(msgspec.Struct):
    """What a prompt asks for. A `gate` keeps the first token back until `/control/open`; `think` is in seconds."""

    id: str
    phases: list[Phase]
    text: str = "mix"
    start: int = 0
    gate: str = ""
    think: float = 0.0


class Stream:
    """One answer under way."""

    def __init__(self, script: Script, transport: asyncio.Transport) -> None:
        self.script = script
        self.transport = transport
        self.received = time.monotonic()
        self.first = 0.0
        self.last = 0.0
        self.tokens = 0
        self.characters = 0
        self.late = 0.0
        self.closed = 0.0  # when the asking side closed the connection before the answer's end
        self.phase = 0
        self.finishing = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._schedule = _schedule(script)
        self._pieces = stream_of(script.text, script.start)
        self._origin = 0.0
        self._next = next(self._schedule)

    def begin(self, at: float) -> None:
        self._origin = at

    @property
    def due(self) -> float:
        return self._origin + self._next[0]

    def step(self, now: float) -> bool:
        """Say what is due; False when it was the last."""
        if self.transport.is_closing() or self.finishing:
            self.end()
            return False
        if self.transport.get_write_buffer_size() > MAX_BUFFERED:
            self._origin += 0.02
            return True
        _, pack, self.phase = self._next
        text = "".join(islice(self._pieces, pack))
        line = encoded(text)
        if not self.first:
            line = encoded("", role=True) + line
            self.first = time.monotonic()
        self.transport.write(line)
        self.late = max(self.late, now - self.due)
        self.last = now
        self.tokens += pack
        self.characters += len(text)
        following = next(self._schedule, None)
        if following is None:
            self.end()
            return False
        self._next = following
        return True

    def facts(self) -> dict[str, Any]:
        names = ("received", "first", "last", "closed", "tokens", "characters", "late", "phase")
        return {name: getattr(self, name) for name in names} | {"id": self.script.id, "done": self.done.done()}

    def end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


def _schedule(script: Script) -> Iterator[tuple[float, int, int]]:
    """(seconds after the start, tokens, phase) of each delta."""
    start = 0.0
    for number, phase in enumerate(script.phases):
        for delta in range(phase.deltas) if phase.deltas else count():
            yield start + delta / phase.rate, phase.pack, number
        start += phase.deltas / phase.rate


@cache
def encoded(text: str, *, role: bool = False) -> bytes:
    """A delta as an event of the stream, in HTTP's chunked coding."""
    delta = {"role": "assistant", "content": ""} if role else {"content": text}
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
    line = b"data: " + HEAD.encode() + b'"choices":[' + msgspec.json.encode(choice) + b'],"usage":null}\n\n'
    return b"%x\r\n%s\r\n" % (len(line), line)


class ModelServer:
    """All streams of the process and the one task that lets them speak."""

    def __init__(self) -> None:
        self.streams: dict[str, list[Stream]] = defaultdict(list)
        self._speaking: list[tuple[float, int, Stream]] = []
        self._numbers = count()
        self._more = asyncio.Event()

    async def speak(self) -> None:
        """Let each stream say each token when it is due, until cancelled."""
        while True:
            if not self._speaking:
                self._more.clear()
                await self._more.wait()
            now = time.monotonic()
            while self._speaking and self._speaking[0][0] <= now:
                _, number, stream = heapq.heappop(self._speaking)
                if stream.step(now):
                    heapq.heappush(self._speaking, (stream.due, number, stream))
            if self._speaking:
                # A wake-up a millisecond is exact enough and leaves the cores to what is measured.
                await asyncio.sleep(max(0.001, self._speaking[0][0] - time.monotonic()))

    def begin(self, stream: Stream, at: float) -> None:
        stream.begin(at)
        heapq.heappush(self._speaking, (stream.due, next(self._numbers), stream))
        self._more.set()

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """POST /chat/completions"""
        body = msgspec.json.decode(await request.read())
        script = msgspec.json.decode(_text(body["messages"][-1]["content"]), type=Script)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        assert isinstance(request.transport, asyncio.Transport)
        stream = Stream(script, request.transport)
        self.streams[script.gate or script.id].append(stream)
        if not script.gate:
            self.begin(stream, time.monotonic() + script.think)
        try:
            await stream.done
        except asyncio.CancelledError:  # the other side is gone
            stream.closed = time.monotonic()
            stream.end()
            raise
        await response.write(ENDING)
        await response.write_eof()
        return response

    async def models(self, _request: web.Request) -> web.Response:
        """GET /models"""
        return web.json_response({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "bench"}]})

    async def open_gate(self, request: web.Request) -> web.Response:
        """POST /control/open?gate=…&spread=…: the gate's streams begin, evenly spread over so many seconds."""
        streams = self.streams[request.query["gate"]]
        spread, start = float(request.query.get("spread", 1)), time.monotonic() + 0.02
        for number, stream in enumerate(streams):
            self.begin(stream, start + spread * number / len(streams))
        return web.json_response({"streams": len(streams)})

    async def finish(self, request: web.Request) -> web.Response:
        """POST /control/finish?gate=…: its streams end with their next token."""
        for stream in self.streams[request.query["gate"]]:
            stream.finishing = True
        return web.json_response({})

    async def said(self, request: web.Request) -> web.Response:
        """GET /control/said?gate=…: the streams of a gate, or the one of an id."""
        streams = [stream.facts() for stream in self.streams.get(request.query["gate"], [])]
        return web.json_response({"at": time.monotonic(), "streams": streams})


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def application() -> web.Application:
    server = ModelServer()
    app = web.Application(client_max_size=64 << 20)
    for prefix in ("", "/v1"):
        app.router.add_post(f"{prefix}/chat/completions", server.complete)
        app.router.add_get(f"{prefix}/models", server.models)
    app.router.add_post("/control/open", server.open_gate)
    app.router.add_post("/control/finish", server.finish)
    app.router.add_get("/control/said", server.said)

    async def speaking(_app: web.Application) -> Any:
        task = asyncio.create_task(server.speak())
        yield
        task.cancel()

    app.cleanup_ctx.append(speaking)
    return app


if __name__ == "__main__":
    serve(application(), handler_cancellation=True)
