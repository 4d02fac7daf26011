"""The network between page and server is cut, goes silent, refuses sockets; the page ends up with every token once."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.support import checker, corpus
from tests.support.browsing import NETWORK_ERRORS, Watch
from tests.support.chat_page import ChatPage
from tests.support.model_server import Exchange, ModelServer
from tests.support.scripts import Gate, Script, gated, spoken
from tests.support.server import ChatServer
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.faults]
TOKENS = 330


@pytest.fixture
def proxy(server: ChatServer) -> Iterator[TcpProxy]:
    proxy = TcpProxy(server.port)
    yield proxy
    proxy.close()


@pytest.fixture
def far_chat(
    new_context: Callable[..., BrowserContext], proxy: TcpProxy, cookies: dict[str, str], watch: Watch
) -> Callable[[], ChatPage]:
    """Opens the chat through the proxy, as it is set by then."""
    watch.expect(*NETWORK_ERRORS)
    return lambda: ChatPage(new_context(proxy.url, cookies).new_page()).open_new()


def ask(chat: ChatPage, models: ModelServer, prompt: str, gate: Gate | None = None, tokens: int = TOKENS) -> Exchange:
    deltas = corpus.fenced(prompt.replace(" ", "-"), tokens, seed=len(prompt))
    models.answer(prompt, Script(gated(deltas, gate) if gate else spoken(deltas)))
    chat.ask(prompt)
    exchange = models.wait_for_request(prompt)
    until(chat.code_so_far, "the first words are shown")
    chat.wait_until_connected()
    return exchange


def verify(chat: ChatPage, server: ChatServer, exchange: Exchange, seconds: float = 30) -> None:
    chat.wait_for_state("complete", seconds=seconds)
    [answer] = server.log.checked(chat.conversation)
    checker.log_holds(answer, exchange, whole=True)
    checker.page_holds(answer.text, chat.code(), "page")
    checker.page_grew(answer.text, chat.shown(), "page")
    chat.page.reload()
    checker.page_holds(answer.text, chat.code(), "page after a reload")


def test_connections_reset_in_mid_stream(far_chat, proxy: TcpProxy, models: ModelServer, server: ChatServer):
    chat, gate = far_chat(), Gate()
    exchange = ask(chat, models, "reset connections", gate)
    for share in (0.1, 0.3, 0.32, 0.6):
        until(lambda share=share: len(exchange.sent) > TOKENS * share, f"{share} of the answer was sent")
        until(lambda: proxy.open_websockets, "the page is connected")
        shown = chat.code_so_far()
        assert proxy.cut()
        until(lambda: proxy.open_websockets, "the page connects again")
        checker.prefix(chat.code_so_far(), shown, "what was shown before the cut")
    gate.open()
    verify(chat, server, exchange)


def test_server_out_of_reach_for_seconds(far_chat, proxy: TcpProxy, models: ModelServer, server: ChatServer):
    chat, gate = far_chat(), Gate()
    exchange = ask(chat, models, "out of reach", gate)
    proxy.refuse()
    gate.open()
    assert exchange.over.wait(30)
    proxy.accept()
    verify(chat, server, exchange)


def test_silence_shorter_than_anybody_notices(far_chat, proxy: TcpProxy, models: ModelServer, server: ChatServer):
    chat, gate = far_chat(), Gate()
    exchange = ask(chat, models, "short silence", gate)
    proxy.silence()
    gate.open()
    until(lambda: len(exchange.sent) > TOKENS * 0.9, "a part of the answer was sent into the silence")
    proxy.resume()
    verify(chat, server, exchange)


@pytest.mark.parametrize(
    "forget", [True, pytest.param(False, marks=pytest.mark.long)], ids=["connections lost", "connections late"]
)
def test_silence_until_the_page_gives_up(
    far_chat, proxy: TcpProxy, models: ModelServer, server: ChatServer, *, forget: bool
):
    chat, gate = far_chat(), Gate()
    exchange = ask(chat, models, f"long silence {forget}", gate, tokens=300)
    proxy.silence()
    gate.open()
    shown = chat.code_so_far()
    before = proxy.connections
    until(lambda: proxy.connections > before, "the page tries another connection", seconds=60)
    proxy.resume(forget=forget)
    verify(chat, server, exchange)
    assert checker.block_of(checker.normal(exchange.said())).startswith(shown)


def test_websockets_refused_goes_on_by_server_sent_events(
    far_chat, proxy: TcpProxy, models: ModelServer, server: ChatServer
):
    proxy.refuse_websockets = True
    chat = far_chat()
    streams: list[str] = []
    chat.page.on("request", lambda request: streams.append(request.url) if "/sse/c/" in request.url else None)
    exchange = ask(chat, models, "no sockets")
    verify(chat, server, exchange)
    assert proxy.websockets_refused >= 1
    assert proxy.websockets == proxy.websockets_refused
    assert streams


def test_websockets_that_die_before_their_hello_go_on_by_server_sent_events(
    far_chat, proxy: TcpProxy, models: ModelServer, server: ChatServer
):
    proxy.kill_websockets = True
    chat = far_chat()
    exchange = ask(chat, models, "dying sockets")
    verify(chat, server, exchange)
    assert proxy.websockets >= 3


def test_server_sent_events_survive_a_cut(far_chat, proxy: TcpProxy, models: ModelServer, server: ChatServer):
    proxy.refuse_websockets = True
    chat, gate = far_chat(), Gate()
    exchange = ask(chat, models, "events cut", gate)
    for share in (0.3, 0.6):
        until(lambda share=share: len(exchange.sent) > TOKENS * share, f"{share} of the answer was sent")
        until(proxy.cut, "a connection was open and was cut")  # between two there is none for a moment
    gate.open()
    verify(chat, server, exchange)


def test_a_slow_network_delivers_everything(far_chat, proxy: TcpProxy, models: ModelServer, server: ChatServer):
    chat, gate = far_chat(), Gate()
    exchange = ask(chat, models, "slow network", gate, tokens=300)
    proxy.throttle(20_000)
    gate.open()
    verify_slow(chat, server, exchange, proxy)


def verify_slow(chat: ChatPage, server: ChatServer, exchange: Exchange, proxy: TcpProxy) -> None:
    chat.wait_for_state("complete", seconds=60)
    proxy.throttle(None)
    verify(chat, server, exchange)
