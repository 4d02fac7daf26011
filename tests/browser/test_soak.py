"""Faults at random, one after another, while answers stream: page = log, and the log has what the model said."""

import random
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.support import checker, corpus
from tests.support.browsing import NETWORK_ERRORS, Watch
from tests.support.chat_page import ENDED, ChatPage
from tests.support.model_server import Exchange, ModelServer
from tests.support.scripts import Script, spoken
from tests.support.server import ChatServer
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(900)]
FAULTS = 10


@pytest.fixture
def proxy(own_server: ChatServer) -> Iterator[TcpProxy]:
    proxy = TcpProxy(own_server.port)
    yield proxy
    proxy.close()


def mark(exchange: Exchange) -> Script:
    return Script(spoken(corpus.fenced(f"exchange-{exchange.number}", 600, seed=exchange.number), pause=0.01))


@pytest.mark.parametrize("seed", range(6))
def test_any_faults_in_any_order(
    own_server: ChatServer,
    proxy: TcpProxy,
    new_context: Callable[..., BrowserContext],
    models: ModelServer,
    watch: Watch,
    *,
    seed: int,
):
    watch.expect(*NETWORK_ERRORS)
    models.answer("", mark)
    chosen = random.Random(seed)
    context = new_context(proxy.url, own_server.sign_in())
    chat = ChatPage(context.new_page()).open_new()
    chat.ask(f"soak {seed}")
    assert chat.conversation
    other = ChatPage(context.new_page()).open(chat.conversation)
    for _ in range(FAULTS):
        before = len(chat.code_so_far())
        step = chosen.randint(1, 500)
        until(
            lambda size=before + step: len(chat.code_so_far()) >= size or ended(chat), "the answer goes on", seconds=40
        )
        shown, run = chat.code_so_far(), chat.answer.get_attribute("data-run")
        fault(chosen, chat, own_server, proxy)
        if chat.answer_of(run).count():
            checker.prefix(chat.code_so_far(chat.answer_of(run)), shown, "what was shown before the fault")
        go_on(chosen, chat)
    until(lambda: ended(chat), "the last answer ends")
    compare(chat, own_server, models)
    until(lambda: ended(other), "the other tab has it too")
    compare(other, own_server, models)


def ended(chat: ChatPage) -> bool:
    return chat.answer.get_attribute("data-state") in ENDED


def fault(chosen: random.Random, chat: ChatPage, server: ChatServer, proxy: TcpProxy) -> None:
    match chosen.choice(["cut", "reload", "kill", "silence", "refuse", "sockets", "stall"]):
        case "cut":
            proxy.cut()
        case "reload":
            chat.page.reload()
        case "kill":
            server.kill()
            server.start()
        case "silence":
            proxy.silence()
            chat.page.wait_for_timeout(chosen.uniform(100, 1500))
            proxy.resume(forget=chosen.random() < 0.5)
        case "refuse":
            proxy.refuse()
            chat.page.wait_for_timeout(chosen.uniform(100, 1500))
            proxy.accept()
        case "sockets":
            proxy.refuse_websockets = not proxy.refuse_websockets
            proxy.cut()
        case "stall":
            server.pause()
            chat.page.wait_for_timeout(chosen.uniform(100, 3000))
            server.resume()
    chat.page.wait_for_load_state()


def go_on(chosen: random.Random, chat: ChatPage) -> None:
    """Give the page something new to show when its answer has ended."""
    chat.wait_until_connected()
    if not ended(chat):
        return
    run = chat.answer.get_attribute("data-run")
    interrupted = chat.answer.get_attribute("data-state") == "interrupted"
    chat.press(chosen.choice(["Retry", "Continue"]) if interrupted else "Write again")
    until(lambda: chat.answer.get_attribute("data-run") != run, "a new answer is on the page")


def compare(chat: ChatPage, server: ChatServer, models: ModelServer) -> None:
    """Every answer on the page is the log's, and the log's a beginning of what the model said."""
    found = {answer.run: answer for answer in server.log.checked(chat.conversation) if answer.text}
    for answer in found.values():
        [exchange] = [one for one in models.exchanges if f"exchange-{one.number} " in answer.text]
        checker.log_holds(answer, exchange, whole=answer.terminal == "complete")
    for article in chat.answers.all():
        answer = found[article.get_attribute("data-run")]
        checker.page_holds(answer.text, chat.code(article), f"page, run {answer.run}")
        checker.page_grew(answer.text, chat.shown(article), f"page, run {answer.run}")
