"""A RabbitMQ of its own: node, ports, data folder and Erlang's port mapper, all on the loopback. Knows no queue."""

import os
import pwd
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any, Self

from deploy.cluster.process import Process, free_port

# What Debian puts on the path wants to be root or rabbitmq, and writes below /var.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
USER = "rabbitmq"


class RabbitMQ(Process):
    """Use as a context. May be killed and started again: queues that were to last are found again."""

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="chatsite-rabbitmq-"))
        mapper = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),  # of the cookie that its parts know each other by
            "RUNNING_UNDER_SYSTEMD": "1",  # no shell around it, which would be stalled in its place
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"chatsite-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": str(self._folder),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "enabled_plugins"),
        }
        shared: dict[str, Any] = {"folder": self._folder, "environment": environment, "options": _as_rabbitmq()}
        # One that RabbitMQ starts itself would outlive it.
        program = shutil.which("epmd") or "epmd"
        self._mapper = Process(
            "epmd", [program, "-port", str(mapper), "-address", "127.0.0.1"], ready=lambda: _listens(mapper), **shared
        )
        super().__init__("rabbitmq", [str(SERVER)], ready=self._answers, **shared)

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            found = pwd.getpwnam(USER)
            os.chown(self._folder, found.pw_uid, found.pw_gid)
        self._mapper.start()
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._mapper.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        """It greets whoever speaks its protocol (AMQP 0-9-1, 4.2.2)."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return connection.recv(1) == b"\x01"
        except OSError:
            return False


def _as_rabbitmq() -> dict[str, Any]:
    """Not as root, where there is the user that its package has made."""
    return {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
