"""A model's server over TLS that is too busy to read once it was asked. Knows no product code."""

import datetime as dt
import ipaddress
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"


class BusyTlsServer:
    """Takes one request and says `opening`; then it reads nothing and waits for the connection to be closed."""

    def __init__(self, certificate: Path, opening: bytes) -> None:
        self.asked = threading.Event()
        self.closed = threading.Event()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._opening = opening
        self._listener = socket.create_server((HOST, 0))
        self.url = f"https://{HOST}:{self._listener.getsockname()[1]}"

    def answer(self) -> None:
        try:
            accepted, _ = self._listener.accept()
        except OSError:
            return
        with self._context.wrap_socket(accepted, server_side=True) as connection:
            connection.recv(65536)
            if self._opening:
                connection.sendall(self._opening)
            self.asked.set()
            ending = select.poll()
            ending.register(connection, select.POLLRDHUP)
            if ending.poll(20_000):
                self.closed.set()

    def close(self) -> None:
        self._listener.close()


@contextmanager
def busy_tls_server(certificate: Path, opening: bytes = b"") -> Iterator[BusyTlsServer]:
    """One that answers on a thread of its own."""
    server = BusyTlsServer(certificate, opening)
    thread = threading.Thread(target=server.answer)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


def make_certificate(path: Path) -> Path:
    """A certificate for this machine, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
