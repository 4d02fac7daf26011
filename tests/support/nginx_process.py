"""The production configuration of nginx, run on free ports of this machine with a certificate of its own."""

import re
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.cluster.nginx import Nginx
from deploy.cluster.process import free_port
from tests.support.deploy_files import DEPLOY


class NginxProcess(Nginx):
    """Listens with TLS on `port`, before the web processes on `web_ports`."""

    moved = 301  # how it says that a page is elsewhere

    def __init__(self, folder: Path, web_ports: tuple[int, int]) -> None:
        self.folder = folder
        make_certificate(folder)
        port, self.plain_port = free_port(), free_port()
        super().__init__(folder, port, adapted(folder, port, self.plain_port, web_ports))
        main, self.access_log = folder / "nginx.conf", folder / "access.log"
        logging = main.read_text().replace("access_log off;", f"access_log {self.access_log};")  # as distributions do
        main.write_text(logging)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def authority(self) -> Path:
        """Who signed its certificate."""
        return self.folder / "fullchain.pem"

    @property
    def logged(self) -> str:
        """Of requests and of errors."""
        return self.access_log.read_text() + self.output

    def verdict(self) -> str:
        """What `nginx -t` says; "" when all is well."""
        done = subprocess.run([*self.command, "-t", "-q"], capture_output=True, text=True, check=False, timeout=30)
        return done.stderr.strip() or f"{done.returncode or ''}"

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def adapted(folder: Path, port: int, plain_port: int, web_ports: tuple[int, int]) -> str:
    """The file as it is in deploy/, on our ports and with our certificate; IPv6 may be absent here."""
    text = (DEPLOY / "nginx.conf").read_text()
    for pattern, put, count in (
        (r"127\.0\.0\.1:8001", f"127.0.0.1:{web_ports[0]}", 1),
        (r"127\.0\.0\.1:8002", f"127.0.0.1:{web_ports[1]}", 1),
        (r"listen 80;", f"listen 127.0.0.1:{plain_port};", 1),
        (r"listen 443 ", f"listen 127.0.0.1:{port} ", 1),
        (r"listen \[::\].*;", "", 2),
        (r"/etc/letsencrypt/live/chat\.example\.org", str(folder), 2),
        (r"chat\.example\.org", "localhost", 2),
    ):
        text, found = re.subn(pattern, put, text)
        assert found == count, f"{pattern} is {found} times in deploy/nginx.conf"
    return text


def make_certificate(folder: Path) -> None:
    """`fullchain.pem` and `privkey.pem` for localhost, good for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
