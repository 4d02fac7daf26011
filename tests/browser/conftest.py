"""A real Chromium before a real server. Nothing here is needed by tests without a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.support.chat_page import ChatPage
from tests.support.chromium import browser, new_context, watch  # noqa: F401 - fixtures
from tests.support.model_server import ModelServer
from tests.support.open_site import mail, open_server  # noqa: F401 - fixtures
from tests.support.server import ChatServer, running_server


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="module")
def environment(models: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": models.openai_url, "OPENAI_API_KEY": "test-key"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[ChatServer]:
    with running_server(tmp_path_factory.mktemp("server"), environment=environment) as server:
        yield server


@pytest.fixture
def own_server(tmp_path: Path, environment: dict[str, str]) -> Iterator[ChatServer]:
    """A server that a test may kill."""
    with running_server(tmp_path / "data", environment=environment) as server:
        yield server


@pytest.fixture(scope="module")
def cookies(server: ChatServer) -> dict[str, str]:
    """Alice's session on the module's server."""
    return server.sign_in("alice")


@pytest.fixture
def chat(
    new_context: Callable[..., BrowserContext],  # noqa: F811
    server: ChatServer,
    cookies: dict[str, str],
) -> ChatPage:
    """A signed-in person before an empty chat, with a scripted model chosen."""
    page = new_context(server.url, cookies).new_page()
    return ChatPage(page).open_new()
