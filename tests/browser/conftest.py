"""A real Chromium before a real server. Nothing here is needed by tests without a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.support.browsing import CHROMIUM, CHROMIUM_ARGUMENTS, REMEMBER_WHAT_WAS_SHOWN, Watch
from tests.support.chat_page import ChatPage
from tests.support.model_server import ModelServer
from tests.support.server import ChatServer, running_server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser a module: Playwright's loop would otherwise be in the way of other modules' async tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=CHROMIUM_ARGUMENTS,
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    server = ModelServer()
    yield server
    server.close()


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
def watch() -> Iterator[Watch]:
    """Fails the test in whose pages something went wrong that it did not expect."""
    watch = Watch()
    yield watch
    watch.verify()


@pytest.fixture
def new_context(browser: Browser, watch: Watch) -> Iterator[Callable[..., BrowserContext]]:
    """Makes contexts whose pages are watched."""
    made: list[BrowserContext] = []

    def make(url: str, cookies: dict[str, str] | None = None, **options: object) -> BrowserContext:
        context = browser.new_context(base_url=url, **options)
        context.set_default_timeout(15_000)
        context.on("page", watch.page)
        context.add_init_script(REMEMBER_WHAT_WAS_SHOWN)
        if cookies:
            context.add_cookies([{"name": n, "value": v, "url": url} for n, v in cookies.items() if n != "messages"])
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture
def chat(new_context: Callable[..., BrowserContext], server: ChatServer, cookies: dict[str, str]) -> ChatPage:
    """A signed-in person before an empty chat, with a scripted model chosen."""
    page = new_context(server.url, cookies).new_page()
    return ChatPage(page).open_new()
