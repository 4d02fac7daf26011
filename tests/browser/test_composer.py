"""The box one writes in: what was written is kept until it was sent, and is sent once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.support.browsing import Watch
from tests.support.chat_page import ChatPage
from tests.support.model_server import ModelServer
from tests.support.scripts import Delta, Gate, Script, spoken
from tests.support.server import ChatServer

pytestmark = pytest.mark.browser


def test_a_draft_survives_a_reload_and_leaves_with_sending(chat: ChatPage, models: ModelServer):
    models.answer("draft", Script(spoken(["ok"])))
    chat.composer.fill("a draft, not yet sent")
    chat.page.reload()
    expect(chat.composer).to_have_value("a draft, not yet sent")
    chat.composer.press("Enter")
    chat.wait_for_state("complete")
    expect(chat.composer).to_have_value("")
    chat.page.reload()
    expect(chat.composer).to_have_value("")
    chat.page.goto("/")
    expect(chat.composer).to_have_value("")


def test_a_draft_survives_a_failed_send(chat: ChatPage, models: ModelServer, watch: Watch):
    watch.expect(r"Failed to load resource", r"ERR_FAILED")
    models.answer("stubborn", Script(spoken(["arrived"])))
    chat.page.route("**/prompts/", lambda route: route.abort())
    chat.send("stubborn")
    expect(chat.page.get_by_role("alert").filter(has_text="still in the box")).to_be_visible()
    expect(chat.composer).to_have_value("stubborn")
    chat.page.unroute("**/prompts/")
    chat.page.reload()
    expect(chat.composer).to_have_value("stubborn")
    chat.composer.press("Enter")
    chat.wait_for_state("complete")
    assert len(models.for_prompt("stubborn")) == 1


def test_a_double_click_asks_once(chat: ChatPage, models: ModelServer, server: ChatServer):
    models.answer("twice", Script(spoken(["once"])))
    chat.composer.fill("twice")
    chat.page.get_by_role("button", name="Send").dblclick()
    chat.wait_for_state("complete")
    assert len(models.for_prompt("twice")) == 1
    assert len(server.log.runs(chat.conversation)) == 1


def test_a_repeated_send_after_a_lost_answer_asks_once(chat: ChatPage, models: ModelServer, watch: Watch):
    """The request arrives, its answer does not: the page sends again with the same key."""
    watch.expect(r"Failed to load resource", r"ERR_")
    models.answer("lost answer", Script(spoken(["once"])))

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    chat.page.route("**/prompts/", lose, times=1)
    chat.send("lost answer")
    expect(chat.page.get_by_role("alert").filter(has_text="still in the box")).to_be_visible()
    chat.composer.press("Enter")
    chat.wait_for_state("complete")
    assert len(models.for_prompt("lost answer")) == 1


def test_after_the_first_message_one_goes_on_writing(chat: ChatPage, models: ModelServer):
    models.answer("first of all", Script(spoken(["ok"])))
    chat.ask("first of all")
    chat.wait_for_state("complete")
    expect(chat.composer).to_be_focused()
    chat.page.reload()
    expect(chat.composer).not_to_be_focused()


def test_what_is_taken_back_can_be_written_anew(chat: ChatPage, models: ModelServer):
    gate = Gate()
    models.answer("long one", Script([Delta("It takes "), gate, Delta("time.")]))
    chat.ask("long one")
    chat.wait_for_text("It takes")
    chat.ask("a <b> & ünï\nwith a line")
    expect(chat.questions).to_have_count(2)
    chat.ask("behind it")
    expect(chat.questions).to_have_count(3)
    chat.composer.fill("being written")
    chat.page.get_by_role("button", name="Take back").first.click()
    expect(chat.questions).to_have_count(1)
    expect(chat.composer).to_be_focused()
    expect(chat.composer).to_have_value("a <b> & ünï\nwith a line\n\nbehind it\n\nbeing written")
    gate.open()
    chat.wait_for_state("complete")


def test_a_browser_that_forbids_storage_can_chat(
    new_context: Callable[..., BrowserContext], server: ChatServer, cookies: dict[str, str], models: ModelServer
):
    models.answer("no storage", Script(spoken(["ok"])))
    context = new_context(server.url, cookies)
    forbidden = "{ get() { throw new DOMException('forbidden', 'SecurityError'); } }"
    for name in ("localStorage", "sessionStorage"):
        context.add_init_script(f"Object.defineProperty(window, '{name}', {forbidden})")
    chat = ChatPage(context.new_page()).open_new()
    chat.ask("no storage")
    chat.wait_for_state("complete")
    chat.ask("no storage")
    expect(chat.questions).to_have_count(2)
    chat.wait_for_state("complete")


def test_an_answer_is_written_again_by_the_model_in_the_picker(chat: ChatPage, models: ModelServer):
    models.answer("who writes", Script(spoken(["me"])))
    chat.ask("who writes")
    chat.wait_for_state("complete")
    chat.choose_model("Demo")
    chat.press("Write again")
    expect(chat.answer.locator(".siblings__place")).to_have_text("2/2")
    chat.wait_for_state("complete")
    expect(chat.answer.locator(".message__status")).to_contain_text("demo")
    assert len(models.for_prompt("who writes")) == 1


def test_enter_sends_and_shift_enter_breaks_the_line(chat: ChatPage, models: ModelServer):
    models.answer("line two", Script(spoken(["both lines"])))
    box = chat.composer
    height = box.bounding_box()["height"]
    box.press_sequentially("line one")
    box.press("Shift+Enter")
    box.press_sequentially("line two")
    assert box.bounding_box()["height"] > height
    box.press("Enter")
    chat.wait_for_state("complete")
    assert models.for_prompt("line two")[0].prompt == "line one\nline two"
