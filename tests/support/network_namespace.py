"""A network namespace with one cable to this machine, which may lose every packet both ways without a word.

Knows addresses and ports; knows no process of the site. Needs root and iproute2, and a kernel that allows it.
"""

import asyncio
import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import uuid
from functools import cache
from typing import Self

from tests.support.loop_thread import LoopThread

LOOPBACK = "127.0.0.1"
HERE, THERE = "02:00:00:00:00:01", "02:00:00:00:00:02"
_numbers = itertools.count(os.getpid())


class NetworkNamespace:
    """Use as a context. `address` is this machine's end of the cable, `inside` the other one.

    The loopback in it is another one than ours: `bring_in` and `bring_out` make a port of one be that of the other.
    """

    def __init__(self) -> None:
        number = next(_numbers)
        self.name = f"chatsite-{number}"
        # 198.18.0.0/15 is for tests of networks (RFC 2544); each cable has four addresses of its own.
        block = f"198.18.{number // 64 % 256}"
        self.network = f"{block}.{number % 64 * 4}/30"
        self.address, self.inside = f"{block}.{number % 64 * 4 + 1}", f"{block}.{number % 64 * 4 + 2}"
        self._near, self._far = f"cs{number}n", f"cs{number}f"
        self._here, self._there = LoopThread("relay"), LoopThread("relay in the namespace")
        self._servers: list[tuple[LoopThread, asyncio.Server]] = []

    @property
    def command(self) -> list[str]:
        """What stands before a command that is to run in it."""
        return ["ip", "netns", "exec", self.name]

    def __enter__(self) -> Self:
        _run("ip", "netns", "add", self.name)
        try:
            self._connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        for loop, server in self._servers:
            loop.loop.call_soon_threadsafe(server.close)
        self._here.close()
        self._there.close()
        for command in (("ip", "link", "delete", self._near), ("ip", "netns", "delete", self.name)):
            with contextlib.suppress(subprocess.CalledProcessError):
                _run(*command)

    def cut(self) -> None:
        """From now on every packet on the cable is lost."""
        _run("tc", "qdisc", "replace", "dev", self._near, "root", "blackhole")
        _run("tc", "-netns", self.name, "qdisc", "replace", "dev", self._far, "root", "blackhole")

    def heal(self) -> None:
        _run("tc", "qdisc", "delete", "dev", self._near, "root")
        _run("tc", "-netns", self.name, "qdisc", "delete", "dev", self._far, "root")

    def bring_in(self, port: int) -> None:
        """What listens on this port here is reached on the same port in there, past the cable."""
        self._relay(port, at=self._there, to=self._here)

    def bring_out(self, port: int) -> None:
        """What listens on this port in there is reached on the same port here, past the cable."""
        self._relay(port, at=self._here, to=self._there)

    def _relay(self, port: int, *, at: LoopThread, to: LoopThread) -> None:
        self._servers.append((to, to.run(_relay(at.run(_listen(port)), port))))

    def _connect(self) -> None:
        peer = ("peer", "name", self._far, "address", THERE, "netns", self.name)
        _run("ip", "link", "add", self._near, "address", HERE, "type", "veth", *peer)
        there = ("-netns", self.name)
        # Neighbours for good: a cable that is cut must be silent, and not an address that nobody has.
        for where, device, own, other, mac in (
            ((), self._near, self.address, self.inside, THERE),
            (there, self._far, self.inside, self.address, HERE),
        ):
            _run("ip", *where, "address", "add", f"{own}/30", "dev", device)
            _run("ip", *where, "link", "set", device, "up")
            _run("ip", *where, "neighbour", "replace", other, "lladdr", mac, "dev", device, "nud", "permanent")
        _run("ip", *there, "link", "set", "lo", "up")
        self._there.run(_move_into(self.name))


@cache
def are_allowed() -> bool:
    """Whether this user may make namespaces on this machine."""
    if os.geteuid() != 0 or not (shutil.which("ip") and shutil.which("tc")):
        return False
    name = f"chatsite-{uuid.uuid4().hex[:8]}"
    try:
        _run("ip", "netns", "add", name)
        try:
            _run("ip", "netns", "exec", name, "true")
        finally:
            _run("ip", "netns", "delete", name)
    except subprocess.CalledProcessError:
        return False
    return True


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)


async def _move_into(name: str) -> None:
    """The thread of this loop: what sockets it makes from now on belong to the namespace."""
    with open(f"/run/netns/{name}") as namespace:  # noqa: ASYNC230, PTH123 - a file without content
        os.setns(namespace.fileno(), os.CLONE_NEWNET)


async def _listen(port: int) -> socket.socket:
    return socket.create_server((LOOPBACK, port))


async def _relay(listening: socket.socket, port: int) -> asyncio.Server:
    """Carry what comes to `listening` to the port, in the namespace of this loop's thread."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            writer.transport.abort()
            return
        ways = [asyncio.ensure_future(_pump(*way)) for way in ((reader, far_writer), (far_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            writer.close()
            far_writer.close()

    return await asyncio.start_server(carry, sock=listening)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
