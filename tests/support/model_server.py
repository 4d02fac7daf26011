"""A scripted model API over real HTTP on this machine, and an exact record of what it said to whom.

Knows scripts and wire formats; shares nothing with the product that reads them.
"""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

from aiohttp import web

from tests.support.loop_thread import LoopThread
from tests.support.scripts import (
    Chooser,
    Cut,
    Delta,
    EndlessLine,
    Fail,
    Gate,
    Raw,
    Script,
    Silence,
    Step,
    Tool,
    Wait,
)
from tests.support.waiting import PATIENCE_SECONDS
from tests.support.wire import Anthropic, Ollama, OpenAI, Wire

LINGER_ZERO = struct.pack("ii", 1, 0)  # closing sends RST at once
POLL_SECONDS = 0.005


@dataclass
class Exchange:
    """One request and everything that was sent for it. Times are `time.monotonic()`."""

    number: int
    path: str
    request: dict[str, Any]
    headers: dict[str, str]
    started: float
    sent: list[tuple[float, str, str]] = field(default_factory=list)  # (time, part, text)
    script: Script | None = None
    closed_at: float | None = None  # the client left before the end
    finished_at: float | None = None  # everything was said
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def prompt(self) -> str:
        """The last thing the person said."""
        for message in reversed(self.request.get("messages", [])):
            if message.get("role") == "user":
                content = message["content"]
                return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
        return ""

    def said(self, part: str = "text") -> str:
        """What was handed to the network so far, halves of surrogate pairs still apart."""
        return "".join(text for _, kind, text in list(self.sent) if kind == part)


class ModelServer:
    """A context; tell it what to say (`answer`), point the product at `url`, then look at `exchanges`."""

    def __init__(self) -> None:
        self.models = ["scripted", "scripted-two"]
        self.exchanges: list[Exchange] = []
        self._answers: list[tuple[str, Script | Chooser]] = []
        self._default: Script | Chooser = Script((Delta("Nothing was scripted for this prompt."),))
        self._changed = threading.Condition()
        self._loop = LoopThread("model-server")
        self._runner = self._loop.run(self._serve(0))
        self.port: int = self._runner.addresses[0][1]

    @property
    def url(self) -> str:
        """Base address for Anthropic and Ollama."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    def answer(self, prompt: str, script: Script | Chooser) -> None:
        """Say `script` whenever the last question contains `prompt`; "" is the default."""
        if not prompt:
            self._default = script
            return
        self._answers = [(key, given) for key, given in self._answers if key != prompt]
        self._answers.append((prompt, script))

    def for_prompt(self, prompt: str) -> list[Exchange]:
        """The exchanges whose last question contains `prompt`, oldest first."""
        return [exchange for exchange in list(self.exchanges) if prompt in exchange.prompt]

    def wait_for(self, condition: Callable[[], Any], timeout: float = PATIENCE_SECONDS) -> Any:
        """The first true value of `condition`, looked at whenever something was received, said or ended."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not (value := condition()):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the model server waited {timeout} s in vain")
                self._changed.wait(0.05)
            return value

    def wait_for_request(self, prompt: str, count: int = 1, timeout: float = PATIENCE_SECONDS) -> Exchange:
        """The newest exchange about `prompt` once there are `count` of them."""
        self.wait_for(lambda: len(self.for_prompt(prompt)) >= count, timeout)
        return self.for_prompt(prompt)[-1]

    def down(self) -> None:
        """Refuse connections until `up`."""
        self._loop.run(self._runner.cleanup())

    def up(self) -> None:
        self._runner = self._loop.run(self._serve(self.port))

    def close(self) -> None:
        self._loop.run(self._runner.cleanup())
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _serve(self, port: int) -> web.AppRunner:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/v1/models", self._list)
        app.router.add_get("/api/tags", self._list_ollama)
        app.router.add_get("/api/version", self._version)
        app.router.add_post("/v1/chat/completions", partial(self._converse, wire_type=OpenAI))
        app.router.add_post("/v1/messages", partial(self._converse, wire_type=Anthropic))
        app.router.add_post("/api/chat", partial(self._converse, wire_type=Ollama))
        # Cancelling the handler is how aiohttp tells, at once, that the client has gone.
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    async def _list(self, _request: web.Request) -> web.Response:
        models = [{"id": name, "object": "model", "type": "model", "display_name": name} for name in self.models]
        return web.json_response({"object": "list", "data": models, "has_more": False})

    async def _list_ollama(self, _request: web.Request) -> web.Response:
        return web.json_response({"models": [{"name": name, "model": name} for name in self.models]})

    async def _version(self, _request: web.Request) -> web.Response:
        return web.json_response({"version": "0.0.1-scripted"})

    async def _converse(self, request: web.Request, wire_type: type[Wire]) -> web.StreamResponse:
        exchange = await self._record(request)
        script = exchange.script = self._choose(exchange)
        try:
            response = await self._answer(request, exchange, script, wire_type(exchange.request))
            exchange.finished_at = time.monotonic()
        except (asyncio.CancelledError, ConnectionError):
            exchange.closed_at = time.monotonic()
            raise
        finally:
            exchange.over.set()
            self._tell()
        return response

    async def _record(self, request: web.Request) -> Exchange:
        body = await request.json()
        exchange = Exchange(len(self.exchanges) + 1, request.path, body, dict(request.headers), time.monotonic())
        self.exchanges.append(exchange)
        self._tell()
        return exchange

    def _choose(self, exchange: Exchange) -> Script:
        found = [script for key, script in self._answers if key in exchange.prompt]
        script = found[-1] if found else self._default
        return script if isinstance(script, Script) else script(exchange)

    async def _answer(self, request: web.Request, exchange: Exchange, script: Script, wire: Wire) -> web.StreamResponse:
        streamed = exchange.request.get("stream", wire.content_type == Ollama.content_type)
        if streamed and not script.streams:
            body = {"error": {"message": "Streaming is not supported for this model", "param": "stream"}}
            return web.json_response(body, status=400)
        if script.status != 200 or script.body is not None:
            headers = {**script.headers, "Content-Type": script.content_type}
            return web.Response(status=script.status, body=script.body, headers=headers)
        if not streamed:
            return await self._answer_whole(exchange, script, wire)
        response = web.StreamResponse(headers={"Content-Type": wire.content_type, **script.headers})
        await response.prepare(request)
        await response.write(wire.head())
        for step in script.steps:
            await self._do(step, request, response, exchange, wire)
        await response.write(wire.tail(script.finish))
        await response.write_eof()
        return response

    async def _answer_whole(self, exchange: Exchange, script: Script, wire: Wire) -> web.Response:
        said = {"text": "", "thinking": ""}
        for step in script.steps:
            if isinstance(step, Delta):
                said[step.part] += step.text
                exchange.sent.append((time.monotonic(), step.part, step.text))
            elif isinstance(step, Wait):
                await asyncio.sleep(step.seconds)
        body = wire.whole(said["text"], said["thinking"], script.finish)
        return web.Response(body=body, content_type="application/json")

    async def _do(
        self, step: Step, request: web.Request, response: web.StreamResponse, exchange: Exchange, wire: Wire
    ) -> None:
        match step:
            case Delta():
                if step.after:
                    await asyncio.sleep(step.after)
                # Recorded first: what a dying connection still carried counts as said.
                exchange.sent.append((time.monotonic(), step.part, step.text))
                await response.write(wire.delta(step))
                self._tell()
            case Wait() | Gate() | Silence():
                await self._stay_silent(step)
            case Cut():
                if step.data:
                    await response.write(step.data)
                    await asyncio.sleep(0.05)  # RST discards what has not left yet
                reset(request.transport)
                raise ConnectionResetError
            case _:
                for piece in _pieces(step, wire):
                    await response.write(piece)

    async def _stay_silent(self, step: Wait | Gate | Silence) -> None:
        match step:
            case Wait():
                await asyncio.sleep(step.seconds)
            case Gate():
                step.reached.set()
                self._tell()
                while not step.opened.is_set():  # noqa: ASYNC110 - opened by another thread
                    await asyncio.sleep(POLL_SECONDS)
            case Silence():
                await asyncio.Event().wait()

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _pieces(step: Tool | Raw | Fail | EndlessLine, wire: Wire) -> Iterator[bytes]:
    match step:
        case Tool():
            yield from wire.tool(step)
        case Raw():
            yield step.data
        case Fail():
            yield wire.error(step.message)
        case EndlessLine():
            yield b'data: {"choices": [{"delta": {"content": "'
            yield from (b"x" * 65536 for _ in range(step.limit // 65536))


def reset(transport: asyncio.BaseTransport | None) -> None:
    """End a TCP connection by RST; nothing if it has ended."""
    if not isinstance(transport, asyncio.Transport) or transport.is_closing():
        return
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
    transport.abort()
