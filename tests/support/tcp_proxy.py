"""A TCP proxy that breaks the network between browser and server. Knows bytes, and just enough of HTTP
to refuse WebSockets."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

from tests.support.loop_thread import LoopThread
from tests.support.model_server import reset

PIECE = 16 * 1024
REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(eq=False)
class _Link:
    """One connection through the proxy."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter | None = None
    upgrade: bool = False
    deaf: bool = False
    started: float = field(default_factory=time.monotonic)

    @property
    def is_open(self) -> bool:
        return self.far is not None and not self.far.transport.is_closing()


class TcpProxy:
    """Passes bytes until told otherwise. The modes combine; all methods return when the change is in force."""

    def __init__(self, *target_ports: int) -> None:
        self.target_ports = list(target_ports)  # each connection goes to the next one that takes it
        self.sockets_at: list[int] = []  # the port that each WebSocket went to
        self.socket_opened: list[float] = []
        self.socket_closed: list[float] = []
        self.refuse_websockets = False
        self.kill_websockets = False  # let the handshake pass, then reset
        self.websockets_refused = 0
        self.replace_down: tuple[bytes, bytes] | None = None  # of one length, in what flows to the browser
        self.cut_answer_to: bytes | None = None  # let a request with these bytes pass, then cut before its answer
        self.answers_cut = 0
        self.cut_every = 1  # … each time it comes, or each n-th time
        self._asked = 0
        self.connections = 0
        self.websockets = 0
        self.bytes_down = 0
        self._bytes_per_second: float | None = None
        self._accepting = True
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = LoopThread("tcp-proxy")
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server = self._loop.run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def open_websockets(self) -> int:
        """How many WebSockets carry; one that was cut does no more, though its end is not dealt with yet."""
        return sum(link.upgrade and link.is_open for link in list(self._links))

    def cut(self) -> int:
        """Reset every open connection, both ways; how many there were."""
        return self._loop.run(self._cut())

    def refuse(self) -> None:
        """Reset open connections and every new one until `accept`."""
        self._accepting = False
        self.cut()

    def accept(self) -> None:
        self._accepting = True

    def silence(self) -> None:
        """Carry nothing either way, keep every connection, take new ones and carry nothing there either."""
        self._loop.run(self._let_flow(False))

    def resume(self, *, forget: bool = False) -> None:
        """Carry again; what was held back arrives late. With `forget` the old connections are reset instead."""
        if forget:
            self.cut()
        self._loop.run(self._let_flow(True))

    def throttle(self, bytes_per_second: float | None) -> None:
        """Slow what flows to the browser, over each connection; None for full speed."""
        self._bytes_per_second = bytes_per_second

    def close(self) -> None:
        self._accepting = False
        self._loop.run(self._shut())
        self._loop.close()

    async def _cut(self) -> int:
        links = list(self._links)
        for link in links:
            reset(link.near.transport)
            if link.far is not None:
                reset(link.far.transport)
        return len(links)

    async def _let_flow(self, flowing: bool) -> None:
        (self._flowing.set if flowing else self._flowing.clear)()

    async def _shut(self) -> None:
        self._server.close()
        self._flowing.set()
        while self._links:  # a transport that outlives its loop complains from the garbage collector
            await self._cut()
            await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        link = _Link(writer)
        self._links.add(link)
        try:
            if not self._accepting:
                reset(writer.transport)
                return
            await self._carry(link, reader)
        except (ConnectionError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._links.discard(link)
            for end in (link.near, link.far):
                if end is not None:
                    end.close()

    async def _carry(self, link: _Link, reader: asyncio.StreamReader) -> None:
        first = await reader.read(PIECE)
        link.upgrade = b"upgrade: websocket" in first.lower()
        self.websockets += link.upgrade
        if link.upgrade and self.refuse_websockets:
            self.websockets_refused += 1
            link.near.write(REFUSAL)
            await link.near.drain()
            return
        await self._flowing.wait()
        far_reader, link.far = await self._reach(socket=link.upgrade)
        link.far.write(first)
        if link.upgrade and self.kill_websockets:
            link.near.write(await far_reader.readuntil(b"\r\n\r\n"))
            await link.near.drain()
            reset(link.far.transport)
            reset(link.near.transport)
            return
        ways = [
            asyncio.ensure_future(self._pump(link, reader, link.far, down=False)),
            asyncio.ensure_future(self._pump(link, far_reader, link.near, down=True)),
        ]
        # Either side's end is the end of both: nothing here half-closes.
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        if link.upgrade:
            self.socket_closed.append(time.monotonic())
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)

    async def _reach(self, *, socket: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for port in list(self.target_ports):
            self.target_ports.append(self.target_ports.pop(0))
            with contextlib.suppress(ConnectionRefusedError):
                found = await asyncio.open_connection("127.0.0.1", port)
                if socket:
                    self.sockets_at.append(port)
                    self.socket_opened.append(time.monotonic())
                return found
        raise ConnectionRefusedError

    def _is_to_be_cut(self, data: bytes) -> bool:
        if self.cut_answer_to is None or self.cut_answer_to not in data:
            return False
        self._asked += 1
        return self._asked % self.cut_every == 0

    async def _pump(
        self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, down: bool
    ) -> None:
        while data := await reader.read(PIECE):
            await self._flowing.wait()
            if not down and self._is_to_be_cut(data):
                link.deaf = True
            if down and link.deaf:
                # The far side has answered, so what was asked is done; the near side will never know.
                self.answers_cut += 1
                reset(link.far.transport if link.far else None)
                reset(link.near.transport)
                return
            if down and self.replace_down:
                data = data.replace(*self.replace_down)
            if down:
                self.bytes_down += len(data)
                if self._bytes_per_second:
                    await asyncio.sleep(len(data) / self._bytes_per_second)
            writer.write(data)
            await writer.drain()
