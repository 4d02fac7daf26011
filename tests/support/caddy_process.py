"""The production configuration of Caddy, run as it is on free ports of this machine with an authority of its own."""

import os
import subprocess
import urllib.request
from pathlib import Path

from deploy.cluster.process import Process, free_port
from tests.support.deploy_files import DEPLOY

# What is added to the options of deploy/Caddyfile: ports, where to keep things; nothing of the machine is changed.
HERE = """
{{
\tadmin 127.0.0.1:{admin}
\tdefault_bind 127.0.0.1
\thttp_port {plain}
\thttps_port {port}
\tskip_install_trust
\tstorage file_system {folder}/storage
"""


class CaddyProcess(Process):
    """Listens with TLS on `port`, before the web processes on `web_ports`."""

    moved = 308  # how it says that a page is elsewhere

    def __init__(self, folder: Path, web_ports: tuple[int, int]) -> None:
        self.port, self.plain_port, self._admin = free_port(), free_port(), free_port()
        self.authority = folder / "storage" / "pki" / "authorities" / "local" / "root.crt"
        self._file = folder / "Caddyfile"
        here = HERE.format(admin=self._admin, plain=self.plain_port, port=self.port, folder=folder)
        comment, begin, rest = (DEPLOY / "Caddyfile").read_text().partition("\n{\n")
        assert begin, "deploy/Caddyfile has no options"
        self._file.write_text(comment + here + rest)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "SITE": self.url,
            "WEB": " ".join(f"127.0.0.1:{port}" for port in web_ports),
        }
        command = ["caddy", "run", *self._configuration]
        super().__init__("caddy", command, folder=folder, environment=environment, ready=self._answers)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def logged(self) -> str:
        """Of requests and of errors."""
        return self.output

    @property
    def _configuration(self) -> list[str]:
        return ["--config", str(self._file), "--adapter", "caddyfile"]

    def verdict(self) -> str:
        """What `caddy validate` complains of; "" when all is well."""
        done = subprocess.run(
            ["caddy", "validate", *self._configuration],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        said = [line for line in done.stderr.splitlines() if "\tinfo\t" not in line and '"level":"info"' not in line]
        return "\n".join(said) if done.returncode or said else ""

    def _answers(self) -> bool:
        """As compose.yaml asks, and whether the certificate is there."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._admin}/config/", timeout=2):
                return self.authority.exists()
        except OSError:
            return False
