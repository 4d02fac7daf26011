"""What happens to people who are at work: an account that is deactivated, a model that is taken away."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.support.browsing import Watch
from tests.support.chat_page import ChatPage
from tests.support.model_server import ModelServer
from tests.support.scripts import Gate, Script, spoken
from tests.support.server import ChatServer, running_server
from tests.support.waiting import until

pytestmark = pytest.mark.browser
WITHIN = 10.0  # seconds from the click to the message on the other's page
REMEMBER_CLOSE_CODES = """(() => {
  const codes = (window.closeCodes = []);
  const Plain = WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      this.addEventListener("close", (event) => codes.push(event.code));
    }
  };
})()"""

# Carets, and what counts the seconds, as they are painted.
LIVE_MARKS = """[...document.querySelectorAll("#thread *")]
  .map((part) => getComputedStyle(part, "::after").content)
  .filter((content) => content !== "none" && content !== "normal")"""


@pytest.fixture(scope="module")
def people_server(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[ChatServer]:
    with running_server(tmp_path_factory.mktemp("people"), environment=environment) as server:
        yield server


@pytest.fixture
def administrator(people_server: ChatServer, new_context: Callable[..., BrowserContext]):
    return new_context(people_server.url, people_server.sign_in("alice")).new_page()


@pytest.fixture
def bob(people_server: ChatServer, new_context: Callable[..., BrowserContext]) -> ChatPage:
    context = new_context(people_server.url, people_server.sign_in("bob"))
    context.add_init_script(REMEMBER_CLOSE_CODES)
    return ChatPage(context.new_page()).open_new()


@pytest.mark.parametrize("line", ["socket", pytest.param("event stream", marks=pytest.mark.long)])
def test_a_deactivated_person_is_shown_out(administrator, bob: ChatPage, models: ModelServer, watch: Watch, line: str):
    watch.expect("403", "WebSocket connection")
    models.answer(f"at work by {line}", Script([*spoken(["kept words "], pause=0), Gate()]))
    if line == "event stream":
        bob.page.route_web_socket("**/ws/c/**", lambda socket: socket.close())
    bob.ask(f"at work by {line}")
    bob.wait_for_text("kept words")
    bob.composer.fill("a draft")
    other = ChatPage(bob.page.context.new_page()).open_new()
    administrator.goto("/people/?q=bob")
    administrator.get_by_role("link", name="bob").click()
    administrator.get_by_role("button", name="Deactivate").click()
    since = time.monotonic()
    administrator.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    pill = bob.page.locator("connection-state")
    expect(pill).to_contain_text("Your account was deactivated.")
    took = time.monotonic() - since
    assert took < 3 * WITHIN, f"{took:.1f} s; thrice the promise is for a busy machine"
    if line == "socket":
        assert bob.page.evaluate("closeCodes") == [4410]
    exchange = models.for_prompt(f"at work by {line}")[0]
    assert exchange.over.wait(30)
    assert exchange.closed_at is not None
    assert "kept words" in bob.text()
    assert bob.composer.input_value() == "a draft"
    expect(bob.composer).not_to_be_editable()
    for name in ("Send", "Send again", "Stop the answer", "Continue", "Retry"):
        expect(bob.page.get_by_role("button", name=name, exact=True).and_(bob.page.locator(":enabled"))).to_be_hidden()
    until(lambda: bob.page.evaluate(LIVE_MARKS) == [], "nothing looks alive")
    other.composer.fill("a chat that never begins")
    other.composer.press("Enter")
    expect(other.page.locator(".problem")).to_contain_text("Your account was deactivated.")
    expect(other.page.get_by_role("button", name="Send again")).to_be_hidden()
    expect(other.composer).not_to_be_editable()
    expect(other.composer).to_have_value("a chat that never begins")
    bob.page.goto("/")
    expect(bob.page.get_by_role("heading", name="Your account was deactivated")).to_be_visible()
    administrator.get_by_role("button", name="Reactivate").click()
    expect(administrator.get_by_text("bob may sign in again.")).to_be_visible()
    bob.page.goto("/")
    expect(bob.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_model_that_is_taken_away_is_not_asked_any_more(administrator, bob: ChatPage, models: ModelServer):
    gate = Gate()
    models.answer("first", Script([*spoken(["begun "], pause=0), gate, *spoken(["and ended"], pause=0)]))
    bob.ask("first")
    bob.wait_for_text("begun")
    bob.ask("second")
    expect(bob.questions).to_have_count(2)
    administrator.goto("/people/groups/")
    administrator.get_by_label("Name").fill("Second only")
    administrator.get_by_role("button", name="Add").click()
    administrator.get_by_label("Only these").check()
    administrator.get_by_label("scripted-two").check()
    administrator.get_by_role("button", name="Save").click()
    administrator.goto("/people/?q=bob")
    administrator.get_by_role("link", name="bob").click()
    administrator.get_by_label("Second only").check()
    administrator.get_by_role("button", name="Save groups").click()
    expect(administrator.get_by_text("The groups of bob were saved.")).to_be_visible()
    gate.open()
    bob.wait_for_state("error")
    expect(bob.answer.locator(".message__notice")).to_contain_text("This model is no longer open to you.")
    assert bob.text(bob.answers.first).strip() == "begun and ended"
    assert models.for_prompt("second") == []
    bob.page.reload()
    assert "scripted" not in [name.strip() for name in bob.page.locator("select[name=model] option").all_inner_texts()]
