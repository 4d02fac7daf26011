"""The same page over the hosted wiring: POST → row → Celery → engine → log → channel layer → consumer → page."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.support import checker, corpus
from tests.support.browsing import NETWORK_ERRORS, Watch
from tests.support.chat_page import ChatPage
from tests.support.hosted import Site, running_site
from tests.support.model_server import Exchange, ModelServer
from tests.support.scripts import Chooser, Gate, Script, gated, spoken
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.hosted]
TOKENS = 400


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site"), environment) as site:
        yield site


@pytest.fixture
def hosted_chat(site: Site, new_context: Callable[..., BrowserContext]) -> ChatPage:
    return ChatPage(new_context(site.url, site.sign_in()).new_page()).open_new()


def halting(gate: Gate) -> Chooser:
    """Each answer has a mark of its own, and its last part waits."""
    return lambda exchange: Script(
        gated(corpus.fenced(f"exchange-{exchange.number}", TOKENS, seed=exchange.number), gate)
    )


def verify(chat: ChatPage, site: Site, exchange: Exchange) -> None:
    chat.wait_for_state("complete")
    answer = site.log.checked(chat.conversation)[-1]
    checker.log_holds(answer, exchange, whole=True)
    checker.page_holds(answer.text, chat.code(), "page")
    checker.page_grew(answer.text, chat.shown(), "page")


def test_hosted_answer_arrives_exactly(hosted_chat: ChatPage, site: Site, models: ModelServer):
    gate = Gate()
    models.answer("hosted", halting(gate))
    hosted_chat.ask("hosted")
    exchange = models.wait_for_request("hosted")
    until(lambda: len(exchange.sent) > TOKENS // 3, "a third was sent")
    hosted_chat.page.reload()
    gate.open()
    verify(hosted_chat, site, exchange)


def test_hosted_stop_reaches_the_worker(hosted_chat: ChatPage, site: Site, models: ModelServer):
    models.answer("stop hosted", Script([*spoken(["on and on "] * 300), Gate()]))
    hosted_chat.ask("stop hosted")
    hosted_chat.wait_for_text("on and on")
    hosted_chat.press("Stop the answer")
    exchange = models.for_prompt("stop hosted")[0]
    assert exchange.over.wait(30)
    assert exchange.closed_at is not None
    hosted_chat.wait_for_state("cancelled")
    [answer] = site.log.checked(hosted_chat.conversation)
    assert answer.terminal == "cancelled"


def test_hosted_worker_killed_in_mid_answer(hosted_chat: ChatPage, site: Site, models: ModelServer, watch: Watch):
    watch.expect(*NETWORK_ERRORS)
    gate = Gate()
    models.answer("kill the worker", halting(gate))
    hosted_chat.ask("kill the worker")
    until(lambda: len(hosted_chat.code_so_far()) > 300, "part of the answer is shown")
    shown = hosted_chat.code_so_far()
    first = hosted_chat.answer.get_attribute("data-run")
    site.streams[0].kill()
    site.streams[0].start()
    hosted_chat.wait_for_state("interrupted")
    [answer] = site.log.checked(hosted_chat.conversation)
    checker.log_holds(answer, models.wait_for_request("kill the worker"), whole=False)
    checker.page_holds(answer.text, hosted_chat.code(), "page")
    checker.prefix(hosted_chat.code(), shown, "what was shown")
    gate.open()
    hosted_chat.press("Retry")
    until(lambda: hosted_chat.answer.get_attribute("data-run") != first, "a new answer is shown")
    verify(hosted_chat, site, models.wait_for_request("kill the worker", count=2))


def test_hosted_redis_lost_in_mid_answer(hosted_chat: ChatPage, site: Site, models: ModelServer):
    """The whole of Redis is gone and comes back empty: it carried hints only."""
    gate = Gate()
    models.answer("lose redis", halting(gate))
    hosted_chat.ask("lose redis")
    exchange = models.wait_for_request("lose redis")
    until(lambda: len(exchange.sent) > TOKENS // 4, "a quarter was sent")
    site.redis.kill()
    until(lambda: len(exchange.sent) > TOKENS // 2, "half was sent")
    site.redis.start()
    gate.open()
    verify(hosted_chat, site, exchange)


def test_hosted_prompt_is_taken_while_redis_is_away(hosted_chat: ChatPage, site: Site, models: ModelServer):
    gate = Gate()
    gate.open()
    models.answer("no broker", halting(gate))
    site.redis.kill()
    try:
        hosted_chat.ask("no broker")
        exchange = models.wait_for_request("no broker")
    finally:
        site.redis.start()
    verify(hosted_chat, site, exchange)
