"""Both servers of ours over real TCP: they wait for readers that do not read, and end without cutting anybody."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from deploy.cluster.process import free_port
from tests.support.waiting import holds, until

ROOT = Path(__file__).resolve().parent.parent.parent
MOST_PIECES = 400  # 13 MB: what the kernel's buffers of both ends may swallow
HANDSHAKE = (
    b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class PlainServer:
    def __init__(self, name: str, drain_seconds: float) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.plain_server", name, str(self.port), str(drain_seconds)],
            cwd=ROOT,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        )
        until(self.answers, "the server answers")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answers(self) -> bool:
        try:
            return bool(self.sent())
        except OSError:
            return False

    def sent(self) -> dict:
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(b"GET /sent HTTP/1.0\r\n\r\n")
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        return json.loads(answer.partition(b"\r\n\r\n")[2])

    def memory(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024

    def term(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def has_ended(self) -> bool:
        return self.process.poll() is not None


@pytest.fixture(params=["daphne", "uvicorn"])
def name(request):
    return request.param


@pytest.fixture
def drain_seconds():
    return 1.0


@pytest.fixture
def server(name, drain_seconds):
    server = PlainServer(name, drain_seconds)
    yield server
    server.process.kill()
    server.process.wait()


def open_and_read_nothing(server: PlainServer, request: bytes) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(request)
    return connection


@pytest.mark.parametrize(
    ("kind", "request_bytes"),
    [("websocket", HANDSHAKE % b"/flood"), ("http", b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")],
)
def test_send_waits_for_a_reader_that_reads_nothing_and_memory_stays_flat(server, kind, request_bytes):
    before = server.memory()
    with open_and_read_nothing(server, request_bytes) as connection:
        until(lambda: server.sent()[kind] > 0, "the flood has begun")
        stuck = until(lambda: (n := server.sent()[kind]) == (time.sleep(0.3), server.sent()[kind])[1] and n, "it waits")
        assert stuck < MOST_PIECES
        holds(lambda: server.sent()[kind] == stuck, "nothing more is sent", seconds=0.5)
        assert server.memory() - before < 20 * 1024 * 1024
        got = 0
        while got < 40 * 32 * 1024:  # it goes on as soon as the reader reads
            got += len(connection.recv(1024 * 1024))
        until(lambda: server.sent()[kind] > stuck, "it goes on")
    until(lambda: server.sent()["open"][kind] == (1 if kind == "http" else 0), "the connection is forgotten")


def test_reader_that_reads_gets_every_byte_in_order(server):
    request = b"GET /flood HTTP/1.0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(request)
        body, size = b"", 0
        while size < 20_000_000:
            piece = connection.recv(1024 * 1024)
            if b"\r\n\r\n" in piece and not size:
                piece = piece.partition(b"\r\n\r\n")[2]
            assert piece.count(b"x") == len(piece)
            size += len(piece)
            body = piece
        assert body


async def test_slow_reader_of_a_flooded_socket_gets_whole_messages(server):
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{server.url}/flood") as one:
        for n in range(300):
            assert await one.receive_str(timeout=30) == "x" * 32 * 1024
            if n % 50 == 0:
                await asyncio.sleep(0.05)  # the kernel's buffers fill, writes become partial


async def test_message_of_any_length_is_one_text(server, name):
    async with aiohttp.ClientSession() as session:
        for characters in (0, 1, 62, 63, 32_767, 32_768, 300_000):
            async with session.ws_connect(f"{server.url}/echo") as one:
                await one.send_str(f"size {characters}")
                await one.send_str("next")
                if characters or name == "uvicorn":  # Daphne leaves an empty text out
                    assert await one.receive_str(timeout=30) == "é" * characters
                assert await one.receive_str(timeout=30) == "next"


@pytest.mark.parametrize("drain_seconds", [60.0])
async def test_reader_that_reads_nothing_is_cut_in_the_end(server):
    connection = open_and_read_nothing(server, HANDSHAKE % b"/flood")
    until(lambda: server.sent()["websocket"] > 0, "the flood has begun")
    until(lambda: not server.sent()["open"]["websocket"], "it is cut")
    connection.close()


async def test_socket_base_streams_refuses_and_closes_with_its_codes(server):
    address = f"{server.url}/echo"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{address}?refuse=1")
        assert refused.value.status == 403
        async with session.ws_connect(address) as one:
            await one.send_str("hello")
            assert await one.receive_str(timeout=30) == "hello"
            await one.send_str("end")
            await one.receive(timeout=30)
            assert one.close_code == 1000
        for said, code in [("gone", 4404), ("nonsense", 4400), ("fail", 4500), ("x" * 2_000, 4400)]:
            async with session.ws_connect(address) as one:
                await one.send_str(said)
                await one.receive(timeout=30)
                assert one.close_code == code
        async with session.ws_connect(address) as one:
            await one.send_bytes(b"binary")
            await one.receive(timeout=30)
            assert one.close_code == 4400


async def test_socket_closes_a_flooded_reader_that_breaks_the_protocol(server):
    connection = open_and_read_nothing(server, HANDSHAKE % b"/echo?flood=1")
    until(lambda: server.sent()["open"]["websocket"] == 1, "it is open")
    connection.sendall(bytes([0x81, 0x88, 0, 0, 0, 0]) + b"nonsense")  # a masked text frame
    until(lambda: server.sent()["open"]["websocket"] == 0, "the blocked stream is ended and the socket dropped")
    connection.close()


async def test_drain_ends_sockets_politely_and_lets_requests_finish(server):
    async with aiohttp.ClientSession() as session:
        sockets = [await session.ws_connect(f"{server.url}/echo") for _ in range(10)]
        slow = asyncio.create_task(session.get(f"{server.url}/slow"))
        await asyncio.to_thread(until, lambda: server.sent()["open"]["http"] == 2, "the slow request is under way")
        assert server.sent()["open"] == {"websocket": 10, "http": 2}
        server.term()
        started, closed_at = time.monotonic(), []

        async def closed(one: aiohttp.ClientWebSocketResponse) -> int:
            await one.receive(timeout=30)
            closed_at.append(time.monotonic() - started)
            return one.close_code

        assert await asyncio.gather(*map(closed, sockets)) == [4412] * 10
        assert max(closed_at) - min(closed_at) > 0.1, "they are spread"
        assert max(closed_at) < 10
        answer = await slow
        assert await answer.json() == {"slow": True}
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(f"{server.url}/sent")  # neither on a new connection nor on the one that was kept
    await asyncio.to_thread(until, server.has_ended, "the server has ended")
    assert server.process.returncode == 0


@pytest.mark.parametrize("drain_seconds", [60.0])
def test_server_without_connections_ends_at_once(server):
    server.term()
    until(server.has_ended, "the server has ended")
    assert server.process.returncode == 0


@pytest.mark.parametrize("drain_seconds", [60.0])
def test_second_signal_ends_at_once(server):
    with open_and_read_nothing(server, HANDSHAKE % b"/echo"):
        until(lambda: server.sent()["open"]["websocket"] == 1, "it is open")
        server.term()
        until(lambda: not server.answers(), "it listens no more")
        server.term()
        until(server.has_ended, "the server has ended")
