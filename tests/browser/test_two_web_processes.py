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
from tests.support.scripts import Script, spoken
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


def ask(chat: ChatPage, models: ModelServer, prompt: str) -> Exchange:
    def choose(exchange: Exchange) -> Script:
        return Script(spoken(corpus.fenced(f"exchange-{exchange.number}", TOKENS, seed=exchange.number), pause=0.01))

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
    chat = open_chat()
    exchange = ask(chat, models, f"replace {other.port}")
    until(lambda: len(exchange.sent) > TOKENS // 6, "a sixth was sent")
    proxy.target_ports.append(site.webs[0].port)
    other.ask_to_end()
    until(lambda: site.webs[0].port in proxy.sockets_at, "the page is with the other process")
    assert exchange.finished_at is None, "the answer was over before the page had to move"
    assert proxy.socket_opened[-1] - proxy.socket_closed[-1] < BACK_WITHIN
    verify(chat, site, exchange)
    assert other.wait(20) == 0
    assert "Ending with" not in other.output


@pytest.mark.long
def test_connections_may_go_to_any_process_at_any_time(
    open_chat: Callable[[], ChatPage], proxy: TcpProxy, other: Web, site: Site, models: ModelServer
):
    proxy.target_ports.append(site.webs[0].port)
    chat = open_chat()
    exchange = ask(chat, models, f"alternate {other.port}")
    for part in (5, 4, 3):
        until(lambda part=part: len(exchange.sent) > TOKENS // part, f"1/{part} was sent")
        until(proxy.cut, "a connection was open and was cut")
        until(lambda: proxy.open_websockets, "the page is back")
    chat.page.reload()
    verify(chat, site, exchange)
    assert {other.port, site.webs[0].port} == set(proxy.sockets_at)
