"""A new site, from the printed link to the first answer; and what a stranger sees of it."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.support.browsing import Watch
from tests.support.chat_page import ChatPage
from tests.support.model_server import ModelServer
from tests.support.scripts import Script, spoken
from tests.support.server import ChatServer, running_server
from tests.support.signing_in import PASSWORD
from tests.support.waiting import until

pytestmark = pytest.mark.browser


@pytest.fixture
def new_server(tmp_path) -> Iterator[ChatServer]:
    """A server over an empty folder, with nothing configured."""
    server = ChatServer(tmp_path)
    yield server.start()
    server.stop()


def test_first_run_signs_in_and_connects_a_model(
    new_server: ChatServer, new_context: Callable[..., BrowserContext], models: ModelServer
):
    """From an empty folder: the printed link, the setup page, a tested connection, an answer from it."""
    models.answer("first question", Script(spoken(["first answer"])))
    link = until(lambda: re.search(r"http://\S+/accounts/first/\S+", new_server.output), "the link is printed")[0]
    address = link.partition("/accounts/")[0]  # sign-in holds for the name that was printed
    page = new_context(address, viewport={"width": 1280, "height": 600}).new_page()
    page.goto(link)
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile(r"/(setup/)?$"))
    page.goto("/setup/")
    page.get_by_role("radio", name=re.compile("OpenAI")).first.check()
    page.locator("input[name=base_url]").first.fill(models.openai_url)
    page.locator("input[name=api_key]").first.fill("test-key")
    if (name := page.locator("form#add-connection input[name=name]")).count():
        name.fill("Scripted")
    page.get_by_role("button", name="Test first").click()
    expect(page.locator("#test-result")).to_contain_text("2 models")
    expect(page.locator("#test-result .note")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("Connected").first).to_be_visible()
    chat = ChatPage(page).open_new()
    chat.ask("first question")
    chat.wait_for_state("complete")
    assert chat.text().strip() == "first answer"
    assert models.for_prompt("first question")[0].headers["Authorization"] == "Bearer test-key"
    assert "test-key" not in new_server.output


@pytest.fixture
def bare_server(tmp_path) -> Iterator[ChatServer]:
    """Alice has an account, no model is configured."""
    with running_server(tmp_path / "data") as server:
        yield server


def test_the_demo_model_answers_without_any_key(bare_server: ChatServer, new_context: Callable[..., BrowserContext]):
    chat = ChatPage(new_context(bare_server.url, bare_server.sign_in()).new_page())
    chat.page.goto("/")
    chat.ask("demo:40 tokens at 200/s")
    chat.wait_for_state("complete")
    assert len(chat.text().split()) >= 20


def test_a_stranger_finds_nothing(
    chat: ChatPage, models: ModelServer, server: ChatServer, new_context: Callable[..., BrowserContext], watch: Watch
):
    watch.expect(r"404")
    models.answer("private", Script(spoken(["secret"])))
    chat.ask("private")
    chat.wait_for_state("complete")
    page = new_context(server.url, server.sign_in("bob")).new_page()
    answer = page.goto(f"/c/{chat.conversation}/")
    assert answer.status == 404
    assert "secret" not in page.content()
    assert page.request.get(f"/sse/c/{chat.conversation}/").status == 404
    code = page.evaluate(
        """(path) => new Promise((done) => {
          const socket = new WebSocket(path);
          socket.onopen = () => done("opened");
          socket.onerror = () => done("refused");
        })""",
        f"/ws/c/{chat.conversation}/",
    )
    watch.expect(r"WebSocket connection")
    assert code == "refused"
