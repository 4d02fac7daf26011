"""A Redis of its own on a free port, empty at each start: nothing is written to disk. Knows no key of ours."""

import os
import socket
from pathlib import Path

from deploy.cluster.process import Process, free_port


class Redis(Process):
    """Broker and doorbell. Killing it is the loss of the whole Redis. `arguments` are redis-server's own."""

    def __init__(self, folder: Path, *arguments: str, password: str = "", name: str = "redis") -> None:
        self.port = free_port()
        # Of its own: a replica writes what it is sent to a file, and the next Redis there would read it.
        self._folder = folder / f"{name}-{self.port}"
        self._login = f":{password}@" if password else ""
        secret = ["--requirepass", password] if password else []
        super().__init__(
            name,
            [
                *("redis-server", "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--dir", str(self._folder), *arguments, *secret),
            ],
            folder=folder,
            environment=os.environ,
            ready=self._answers,
        )

    def launch(self) -> None:
        self._folder.mkdir(exist_ok=True)
        super().launch()

    @property
    def url(self) -> str:
        return f"redis://{self._login}127.0.0.1:{self.port}/0"

    def ask(self, command: str) -> bytes:
        """The beginning of the answer to one inline command (https://redis.io/docs/latest/develop/reference/protocol-spec/)."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(1024)

    def _answers(self) -> bool:
        try:
            return self.ask("PING").startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False
