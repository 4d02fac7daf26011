"""A site on which everybody may sign up, and whose mail arrives. For tests in a browser."""

from collections.abc import Iterator

import pytest

from tests.support.mail_server import MailServer, mail_server
from tests.support.server import ChatServer, running_server


@pytest.fixture(scope="module")
def mail() -> Iterator[MailServer]:
    with mail_server() as mail:
        yield mail


@pytest.fixture(scope="module")
def open_server(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str], mail: MailServer
) -> Iterator[ChatServer]:
    settings = {"CHATSITE_SIGN_UP": "open", "CHATSITE_MAIL_URL": mail.url}
    with running_server(tmp_path_factory.mktemp("open"), environment=environment | settings) as server:
        yield server
