"""A Redis Sentinel on a free port of this machine, which watches one master and makes its replica the next one."""

import subprocess
import tempfile
from pathlib import Path
from typing import Self

from deploy.cluster.process import free_port
from deploy.cluster.redis import Redis

SERVICE = "The-Master"


class SentinelProcess:
    """Master, replica and sentinel. Use as a context."""

    def __init__(self, password: str, own_password: str) -> None:
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="chatsite-sentinel-")
        folder = Path(self._folder.name)
        self.master = Redis(folder, "--masterauth", password, password=password, name="master")
        follows = ("--replicaof", "127.0.0.1", str(self.master.port), "--masterauth", password)
        self.replica = Redis(folder, *follows, password=password, name="replica")
        self._lines = [
            f"port {self.port}",
            "bind 127.0.0.1",
            f"requirepass {own_password}",
            f"sentinel monitor {SERVICE} 127.0.0.1 {self.master.port} 1",
            f"sentinel auth-pass {SERVICE} {password}",
            f"sentinel down-after-milliseconds {SERVICE} 1000",
            f"sentinel failover-timeout {SERVICE} 5000",
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.master.start()
        self.replica.start()
        settings = Path(self._folder.name) / "sentinel.conf"
        settings.write_text("\n".join([*self._lines, f"dir {self._folder.name}", ""]))
        self._process = subprocess.Popen(
            ["redis-server", str(settings), "--sentinel"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.replica.kill()
        self.master.kill()
        self._folder.cleanup()
