"""A PgBouncer on a free port of this machine, one transaction at a time on each of a few sessions."""

import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from deploy.cluster.postgresql import Postgresql, as_postgres
from deploy.cluster.process import free_port
from tests.support.waiting import until

SETTINGS = """
[databases]
chatsite = host=127.0.0.1 port={postgresql} dbname=chatsite user=chatsite
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 200
"""


class PgbouncerProcess:
    """Use as a context."""

    def __init__(self, postgresql: Postgresql) -> None:
        self.port = free_port()
        self._postgresql = postgresql
        self._folder = Path(tempfile.mkdtemp(prefix="chatsite-pgbouncer-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://chatsite@127.0.0.1:{self.port}/chatsite?pgbouncer=true"

    def __enter__(self) -> Self:
        self._folder.chmod(0o755)
        settings = self._folder / "pgbouncer.ini"
        settings.write_text(SETTINGS.format(postgresql=self._postgresql.port, port=self.port))
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        self._process = subprocess.Popen(
            [program, "-q", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_postgres()
        )
        until(self._listens, "PgBouncer listens")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except OSError:
            return False
        return True
