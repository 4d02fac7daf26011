"""A Redis Sentinel on a free port of this machine, which watches one master and makes its replica the next one."""

import subprocess
import tempfile
from pathlib import Path
from typing import Self

from deploy.cluster.process import free_port
from deploy.cluster.redis import Redis
from tests.support.certificates import make_certificate

SERVICE = "The-Master"


class SentinelProcess:
    """Master, replica and sentinel; with `tls` clients and they themselves speak it. Use as a context.

    `authorities` is the file with both certificates, `own_certificate` that with the sentinel's alone.
    """

    def __init__(self, password: str, own_password: str, *, tls: bool = False) -> None:
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="chatsite-sentinel-")
        self._tls = tls
        self._password = password
        self._redis_files = make_certificate(self.folder, "redis")
        self._own_files = make_certificate(self.folder, "sentinel")
        self.own_certificate = self._own_files[0]
        self.authorities = self.folder / "authorities.crt"
        self.authorities.write_bytes(self._redis_files[0].read_bytes() + self.own_certificate.read_bytes())
        self.master, port = self._server("master")
        self.replica, _ = self._server("replica", "--replicaof", "127.0.0.1", str(port))
        self._lines = [
            *(["port 0", f"tls-port {self.port}"] if tls else [f"port {self.port}"]),
            *(" ".join(setting) for setting in self._security(*self._own_files)),
            "bind 127.0.0.1",
            f"requirepass {own_password}",
            f"sentinel monitor {SERVICE} 127.0.0.1 {port} 1",
            f"sentinel auth-pass {SERVICE} {password}",
            f"sentinel down-after-milliseconds {SERVICE} 1000",
            f"sentinel failover-timeout {SERVICE} 5000",
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        return Path(self._folder.name)

    def _security(self, certificate: Path, key: Path) -> list[tuple[str, str]]:
        if not self._tls:
            return []
        return [
            ("tls-cert-file", str(certificate)),
            ("tls-key-file", str(key)),
            ("tls-ca-cert-file", str(self.authorities)),
            ("tls-auth-clients", "no"),
            ("tls-replication", "yes"),
        ]

    def _server(self, name: str, *arguments: str) -> tuple[Redis, int]:
        """A Redis, and the port where its clients and the sentinel find it."""
        secure = free_port()
        settings = [("masterauth", self._password), *self._security(*self._redis_files)]
        settings += [("tls-port", str(secure))] if self._tls else []
        given = [part for setting, value in settings for part in (f"--{setting}", value)]
        redis = Redis(self.folder, *given, *arguments, password=self._password, name=name)
        return redis, secure if self._tls else redis.port

    def __enter__(self) -> Self:
        self.master.start()
        self.replica.start()
        settings = self.folder / "sentinel.conf"
        settings.write_text("\n".join([*self._lines, f"dir {self.folder}", ""]))
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
