"""A page before two web processes: one is replaced in mid-answer, connections alternate, and nothing is lost."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from deploy.cluster.product import Web
from tests.support import checker, corpus
from tests.support.browsing import NETWORK_ERRORS, Watch
from tests.support.chat_page import ChatPage
from tests.support.hosted import Site, running_site
from tests.support.model_server import Exchange, ModelServer
from tests.support.scripts import Gate, Script, gated
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.hosted]
TOKENS = 600
BACK_WITHIN = 6.0  # seconds; the promise is 2 on a machine that has nothing else to do


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site"), environment) as site:
        yield site


@pytest.fixture(params=["daphne", pytest.param("uvicorn", marks=pytest.mark.long)])
def other(request: pytest.FixtureRequest, site: Site, tmp_path: Path) -> Iterator[Web]:
    """A second web process, on the same database and Redis; the test may end it."""
    environment = {**site.environment, "CHATSITE_SERVER": request.param}
    server = Web("other", folder=tmp_path, environment=environment)
    yield server.start()
    server.end()


@pytest.fixture
def proxy(other: Web) -> Iterator[TcpProxy]:
    proxy = TcpProxy(other.port)
    yield proxy
    proxy.close()


@pytest.fixture
def open_chat(
    site: Site, proxy: TcpProxy, new_context: Callable[..., BrowserContext], watch: Watch
) -> Callable[[], ChatPage]:
    watch.expect(*NETWORK_ERRORS)
    return lambda: ChatPage(new_context(proxy.url, site.sign_in()).new_page()).open_new()


def ask(chat: ChatPage, models: ModelServer, prompt: str, gate: Gate) -> Exchange:
    def choose(exchange: Exchange) -> Script:
        return Script(gated(corpus.fenced(f"exchange-{exchange.number}", TOKENS, seed=exchange.number), gate))

    models.answer(prompt, choose)
    chat.ask(prompt)
    exchange = models.wait_for_request(prompt)
    chat.wait_until_connected()
    return exchange


def verify(chat: ChatPage, site: Site, exchange: Exchange) -> None:
    chat.wait_for_state("complete")
    [answer] = site.log.checked(chat.conversation)
    checker.log_holds(answer, exchange, whole=True)
    checker.page_holds(answer.text, chat.code(), "page")
    checker.page_grew(answer.text, chat.shown(), "page")


def test_a_page_moves_to_the_other_process_when_its_own_is_replaced(
    open_chat: Callable[[], ChatPage], proxy: TcpProxy, other: Web, site: Site, models: ModelServer
):
    """Its process closes it at a random moment of five seconds, and it waits a random part of two."""
    chat, gate = open_chat(), Gate()
    exchange = ask(chat, models, f"replace {other.port}", gate)
    until(lambda: len(exchange.sent) > TOKENS // 6, "a sixth was sent")
    proxy.target_ports.append(site.webs[0].port)
    other.ask_to_end()
    until(lambda: site.webs[0].port in proxy.sockets_at, "the page is with the other process")
    until(lambda: proxy.socket_closed, "its former line has ended")
    assert proxy.socket_opened[-1] - proxy.socket_closed[-1] < BACK_WITHIN
    gate.open()
    verify(chat, site, exchange)
    assert other.wait(60) == 0
    assert "Ending with" not in other.output


@pytest.mark.long
def test_connections_may_go_to_any_process_at_any_time(
    open_chat: Callable[[], ChatPage], proxy: TcpProxy, other: Web, site: Site, models: ModelServer
):
    proxy.target_ports.append(site.webs[0].port)
    chat, gate = open_chat(), Gate()
    exchange = ask(chat, models, f"alternate {other.port}", gate)
    for part in (5, 4, 3):
        until(lambda part=part: len(exchange.sent) > TOKENS // part, f"1/{part} was sent")
        until(lambda: proxy.open_websockets, "the page is connected")
        before = len(proxy.sockets_at)
        assert proxy.cut()
        until(lambda before=before: len(proxy.sockets_at) > before, "the page is back")
    gate.open()
    chat.page.reload()
    verify(chat, site, exchange)
    assert {other.port, site.webs[0].port} == set(proxy.sockets_at)
