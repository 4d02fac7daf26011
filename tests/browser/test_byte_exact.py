"""DOM text = log = what the model sent, whatever happens to the page in mid-stream."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, WebSocket

from tests.support import checker, corpus
from tests.support.chat_page import ChatPage
from tests.support.model_server import Exchange, ModelServer
from tests.support.scripts import Gate, Script, gated, spoken
from tests.support.server import ChatServer
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import until

pytestmark = pytest.mark.browser
TOKENS = 330


def nasty_block(
    models: ModelServer, prompt: str, *, tokens: int = TOKENS, language: str = "text", gate: Gate | None = None
) -> None:
    """Answer `prompt` with a code block of nasty tokens; every exchange gets a mark and an order of its own.

    A `gate` stands before the last quarter.
    """

    def choose(exchange: Exchange) -> Script:
        deltas = corpus.fenced(f"exchange-{exchange.number}", tokens, seed=exchange.number, language=language)
        return Script(gated(deltas, gate) if gate else spoken(deltas))

    models.answer(prompt, choose)


def wait_for_tokens(exchange: Exchange, count: int) -> None:
    until(lambda: len(exchange.sent) >= count, f"{count} tokens were sent")


def verify(chat: ChatPage, server: ChatServer, exchange: Exchange, *, what: str = "page") -> None:
    """Page = log = model, for the one answer of the page's conversation."""
    chat.wait_for_state("complete")
    [answer] = server.log.checked(chat.conversation)
    until(lambda: exchange.finished_at is not None, "the model has said all")
    checker.log_holds(answer, exchange, whole=True)
    checker.page_holds(answer.text, chat.code(), what)
    checker.page_grew(answer.text, chat.shown(), what)


@pytest.mark.parametrize("language", ["text", "python", ""])
def test_nasty_tokens_arrive_exactly(chat: ChatPage, models: ModelServer, server: ChatServer, language: str):
    prompt = f"nasty tokens in {language or 'nothing'}"
    nasty_block(models, prompt, language=language)
    chat.ask(prompt)
    exchange = models.wait_for_request(prompt)
    verify(chat, server, exchange)
    chat.page.reload()
    verify(chat, server, exchange, what="page after a reload")


def test_prose_with_html_arrives_once_and_in_order(chat: ChatPage, models: ModelServer, server: ChatServer):
    deltas, gate = corpus.prose("prose", TOKENS), Gate()
    few = TOKENS // 10
    models.answer("prose", Script([*spoken(deltas[:few]), gate, *spoken(deltas[few:])]))
    chat.ask("prose")
    chat.wait_until_connected()
    gate.open()
    chat.wait_for_state("complete")
    [answer] = server.log.checked(chat.conversation)
    checker.log_holds(answer, models.wait_for_request("prose"), whole=True)
    shown = chat.text()
    checker.same_words(corpus.numbers_in(deltas), corpus.words(shown), "page")
    seen = chat.shown(place="div")
    assert len(seen) > 5, "it came in pieces"
    checker.words_grew(corpus.numbers_in(deltas), seen, "page")
    assert shown.count("<script>alert(1)</script>") == deltas.count("<script>alert(1)</script> ")


def test_reloading_three_times_loses_nothing(chat: ChatPage, models: ModelServer, server: ChatServer):
    gate = Gate()
    nasty_block(models, "reload", gate=gate)
    chat.ask("reload")
    exchange = models.wait_for_request("reload")
    for share in (0.2, 0.45, 0.7):
        wait_for_tokens(exchange, int(TOKENS * share))
        before = chat.code_so_far()
        chat.page.reload()
        after = chat.code_so_far()
        checker.prefix(after, before, "what was shown before a reload is shown after it")
    gate.open()
    verify(chat, server, exchange)


def test_a_second_tab_shows_the_same(
    chat: ChatPage, new_context: Callable[..., BrowserContext], models: ModelServer, server: ChatServer
):
    gate = Gate()
    nasty_block(models, "second tab", gate=gate)
    chat.ask("second tab")
    exchange = models.wait_for_request("second tab")
    wait_for_tokens(exchange, TOKENS // 2)
    second = ChatPage(chat.page.context.new_page()).open(chat.conversation)
    gate.open()
    verify(chat, server, exchange, what="first tab")
    verify(second, server, exchange, what="second tab")


def test_a_frozen_and_hidden_tab_catches_up(chat: ChatPage, models: ModelServer, server: ChatServer):
    gate = Gate()
    nasty_block(models, "hidden", gate=gate)
    chat.ask("hidden")
    exchange = models.wait_for_request("hidden")
    wait_for_tokens(exchange, TOKENS // 4)
    control = chat.page.context.new_cdp_session(chat.page)
    hide(chat, hidden=True)
    control.send("Page.setWebLifecycleState", {"state": "frozen"})
    wait_for_tokens(exchange, TOKENS // 2)
    control.send("Page.setWebLifecycleState", {"state": "active"})
    hide(chat, hidden=False)
    gate.open()
    verify(chat, server, exchange)


@pytest.fixture
def keepable_chat(
    new_context: Callable[..., BrowserContext], server: ChatServer, cookies: dict[str, str]
) -> Iterator[ChatPage]:
    """Its pages may be kept: Chromium puts none with `no-store` and a WebSocket into its back-forward cache."""
    proxy = TcpProxy(server.port)
    proxy.replace_down = (b"no-store", b"no-cache")
    yield ChatPage(new_context(proxy.url, cookies).new_page()).open_new()
    proxy.close()


@pytest.mark.parametrize("cached", [False, True], ids=["loaded anew", "back-forward cache"])
def test_back_and_forward_in_mid_stream(
    request: pytest.FixtureRequest, models: ModelServer, server: ChatServer, *, cached: bool
):
    chat = request.getfixturevalue("keepable_chat" if cached else "chat")
    prompt = f"back and forth {cached}"
    gate = Gate()
    nasty_block(models, prompt, gate=gate)
    chat.ask(prompt)
    exchange = models.wait_for_request(prompt)
    assert chat.conversation
    wait_for_tokens(exchange, TOKENS // 4)
    chat.wait_until_connected()
    chat.page.evaluate("addEventListener('pageshow', (event) => { window.cameFromCache = event.persisted; })")
    chat.page.goto("/settings/")
    wait_for_tokens(exchange, TOKENS // 2)
    chat.page.go_back(wait_until="commit")
    until(lambda: chat.page.evaluate("Boolean(window.cameFromCache)") == cached, "the page is kept or is not")
    gate.open()
    verify(chat, server, exchange)
    chat.page.go_forward(wait_until="commit")
    chat.page.get_by_role("heading", name="Settings").wait_for()
    chat.page.go_back(wait_until="commit")
    verify(chat, server, exchange, what="page after the end")


def test_a_page_that_stops_for_thirty_seconds_catches_up(chat: ChatPage, models: ModelServer, server: ChatServer):
    """Its scripts stand still: nothing is read, nothing acknowledged, and the server lets go of it."""
    gate = Gate()
    nasty_block(models, "stands still", tokens=600, gate=gate)
    chat.ask("stands still")
    exchange = models.wait_for_request("stands still")
    wait_for_tokens(exchange, 60)
    chat.wait_until_connected()
    lines: list[WebSocket] = []
    chat.page.on("websocket", lambda line: lines.append(line))  # noqa: PLW0108 - Playwright marks its handlers
    control = chat.page.context.new_cdp_session(chat.page)
    control.send("Debugger.enable")
    control.send("Debugger.pause")
    gate.open()
    time.sleep(30)  # the fault itself
    until(lambda: exchange.finished_at is not None, "the model has said all")
    control.send("Debugger.resume")
    control.send("Debugger.disable")
    verify(chat, server, exchange)
    assert lines, "the page was never let go of, so it never stood still"


def test_a_busy_page_catches_up(chat: ChatPage, models: ModelServer, server: ChatServer):
    nasty_block(models, "busy page", tokens=300)
    chat.ask("busy page")
    exchange = models.wait_for_request("busy page")
    wait_for_tokens(exchange, 50)
    chat.page.evaluate("() => { const end = performance.now() + 2000; while (performance.now() < end); }")
    verify(chat, server, exchange)


def hide(chat: ChatPage, *, hidden: bool) -> None:
    """Tell the page it is hidden or shown, as a browser does for a tab behind another."""
    chat.page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
          Object.defineProperty(document, "visibilityState",
            {value: hidden ? "hidden" : "visible", configurable: true});
          document.dispatchEvent(new Event("visibilitychange", {bubbles: true}));
        }""",
        hidden,
    )
