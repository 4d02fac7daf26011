"""What the doctor says about mail."""

from pathlib import Path

import pytest

from deploy.cluster.process import free_port
from tests.project.test_doctor import _doctor
from tests.support.mail_server import mail_server


def test_doctor_reaches_the_mail_server(tmp_path: Path) -> None:
    with mail_server() as server:
        code, found = _doctor(tmp_path, CHATSITE_MAIL_URL=server.url)
    assert code == 0
    assert found["mail"] == f"✓ mail: 127.0.0.1 port {server.port} answers, from chatsite <no-reply@localhost>"


def test_doctor_fails_for_a_mail_server_that_is_away(tmp_path: Path) -> None:
    code, found = _doctor(tmp_path, CHATSITE_MAIL_URL=f"smtp+tls://me:hunter2@127.0.0.1:{free_port()}")
    assert code == 1
    assert found["mail"].startswith("✗ mail: ")


@pytest.mark.parametrize(
    ("variables", "verdict"),
    [
        ({}, "• mail: No mail server: messages are printed"),
        ({"REDIS_URL": "redis://127.0.0.1:9/0"}, "• mail: No mail server: nobody can reset a password"),
        ({"REDIS_URL": "redis://127.0.0.1:9/0", "CHATSITE_SIGN_UP": "open"}, "✗ mail: No mail server: nobody can"),
    ],
    ids=["embedded", "hosted", "hosted and open"],
)
def test_doctor_says_what_lacks_without_a_mail_server(tmp_path: Path, variables: dict[str, str], verdict: str) -> None:
    assert _doctor(tmp_path, **variables)[1]["mail"].startswith(verdict)
