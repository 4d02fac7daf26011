"""The list marks the other chats that are being answered, and asks no more than it has to."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.browsing import Watch
from tests.support.chat_page import ChatPage
from tests.support.model_server import ModelServer
from tests.support.scripts import Delta, Gate, Script
from tests.support.waiting import until

pytestmark = pytest.mark.browser
SEEN = """(hidden) => {
  Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_mark_of_another_chat_goes_when_its_answer_ends(chat: ChatPage, models: ModelServer):
    gate = Gate()
    models.answer("elsewhere", Script([Delta("begun"), gate, Delta(" and done")]))
    chat.ask("elsewhere")
    chat.wait_for_text("begun")
    conversation = chat.conversation
    chat.page.goto("/")
    mark = chat.page.locator(f'.running-mark[data-chat="{conversation}"]')
    expect(mark).to_be_visible()
    gate.open()
    expect(mark).to_be_hidden()


def test_list_asks_seldom_unseen_never_and_signed_out_once_more(chat: ChatPage, watch: Watch):
    watch.expect("401")
    page = chat.page
    page.clock.install()
    asked = requests_of(page)
    page.goto("/settings/")
    page.clock.run_for(29_000)
    assert asked == []
    with page.expect_response("**/chats/running/"):
        page.clock.run_for(10_000)
    page.evaluate(SEEN, True)
    page.clock.run_for(120_000)
    assert len(asked) == 1
    with page.expect_response("**/chats/running/"):
        page.evaluate(SEEN, False)
    page.context.clear_cookies()
    with page.expect_response("**/chats/running/") as refused:
        page.clock.run_for(40_000)
    assert refused.value.status == 401

    def has_stopped() -> bool:
        before = len(asked)
        page.clock.run_for(40_000)
        return len(asked) == before

    until(has_stopped, "the page has read the refusal")
    told = len(asked)
    page.clock.run_for(120_000)
    assert len(asked) == told


def requests_of(page: Page) -> list[str]:
    """The addresses of the requests for marks, as they are made."""
    made: list[str] = []
    page.on("request", lambda request: made.append(request.url) if "/chats/running/" in request.url else None)
    return made
