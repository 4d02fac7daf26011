"""A mail server on loopback (RFC 5321, the part a client needs) that keeps what it is given."""

import email.policy
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from tests.support.waiting import until

LINK = re.compile(r"http://\S+")


@dataclass
class MailServer:
    """What was sent, oldest first. While it `refuses`, it takes nothing."""

    port: int = 0
    sent: list[EmailMessage] = field(default_factory=list)
    refuses: bool = False

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def wait_for(self, address: str, subject: str) -> EmailMessage:
        """The newest message to `address` whose subject has these words."""

        def found() -> EmailMessage | None:
            return next(
                (each for each in reversed(self.sent) if each["To"] == address and subject in each["Subject"]), None
            )

        message = until(found, f"a message “{subject}” to {address}")
        assert message is not None
        return message

    def link(self, address: str, subject: str) -> str:
        """The first link in that message."""
        return LINK.findall(text_of(self.wait_for(address, subject)))[0]


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


class _Conversation(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        self._say("220 loopback")
        while line := self.rfile.readline():
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                self._say("354 go on")
                self._keep()
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            elif verb == b"RCPT" and self.server.box.refuses:
                self._say("451 not now")
            else:
                self._say("250 loopback")

    def _keep(self) -> None:
        lines = iter(self.rfile.readline, b".\r\n")
        text = b"".join(line.removeprefix(b".") if line.startswith(b"..") else line for line in lines)
        self.server.box.sent.append(email.message_from_bytes(text, policy=email.policy.default))
        self._say("250 kept")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Runs meanwhile, on a free port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Conversation) as server:
        server.daemon_threads = True
        box = MailServer(server.server_address[1])
        server.box = box  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield box
        server.shutdown()
