"""The server is killed again and again while a person reads: what was shown stays, and Retry and Continue go on."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext

from tests.support import checker, corpus
from tests.support.browsing import NETWORK_ERRORS, Watch
from tests.support.chat_page import ChatPage
from tests.support.log_reader import Answer
from tests.support.model_server import Exchange, ModelServer
from tests.support.scripts import Gate, Script, Silence, gated, spoken
from tests.support.server import ChatServer
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.faults, pytest.mark.timeout(600)]
TOKENS = 500
SHOWN_BEFORE_KILL = (40, 700, 150, 1200, 15, 400, 900, 60)  # characters


def said_to(models: ModelServer, answer: Answer) -> Exchange:
    """The exchange that `answer` comes from: each begins with a mark of its own."""
    [found] = [one for one in models.exchanges if f"exchange-{one.number} " in answer.text]
    return found


def marked(exchange: Exchange) -> list[str]:
    return corpus.fenced(f"exchange-{exchange.number}", TOKENS, seed=exchange.number)


def test_eight_kills_lose_nothing_that_was_shown(
    own_server: ChatServer, new_context: Callable[..., BrowserContext], models: ModelServer, watch: Watch
):
    watch.expect(*NETWORK_ERRORS)
    gate = Gate()
    models.answer("", lambda exchange: Script(gated(marked(exchange), gate)))
    chat = ChatPage(new_context(own_server.url, own_server.sign_in()).new_page()).open_new()
    chat.ask("survive")
    assert chat.conversation
    chat.wait_until_connected()
    for kill, characters in enumerate(SHOWN_BEFORE_KILL):
        until(lambda size=characters: len(chat.code_so_far()) >= size, f"{characters} characters are shown")
        run = chat.answer.get_attribute("data-run")
        own_server.kill()
        shown = chat.code_so_far()
        own_server.start()
        article = chat.answer_of(run)
        chat.wait_for_state("interrupted", answer=article)
        kept = next(answer for answer in reversed(own_server.log.checked(chat.conversation)) if answer.run == run)
        checker.log_holds(kept, said_to(models, kept), whole=False)
        checker.page_holds(kept.text, chat.code(article), f"page after kill {kill + 1}")
        checker.page_grew(kept.text, chat.shown(article), f"page around kill {kill + 1}")
        checker.prefix(chat.code(article), shown, f"what was shown before kill {kill + 1}")
        chat.press("Continue" if kill % 2 else "Retry")
        until(lambda before=run: chat.answer.get_attribute("data-run") != before, "a new answer is on the page")
    gate.open()
    chat.wait_for_state("complete")
    found = own_server.log.checked(chat.conversation)
    assert [answer.terminal for answer in found if answer.text] == ["interrupted"] * 8 + ["complete"]
    checker.log_holds(found[-1], said_to(models, found[-1]), whole=True)
    compare_whole_page(chat, found)
    chat.page.reload()
    compare_whole_page(chat, found)


def compare_whole_page(chat: ChatPage, found: list[Answer]) -> None:
    """Every answer that the page shows is what the log holds."""
    texts = {answer.run: answer.text for answer in found}
    runs = [article.get_attribute("data-run") for article in chat.answers.all()]
    assert len(runs) == len(set(runs)) > 1
    for run in runs:
        checker.page_holds(texts[run], chat.code(chat.answer_of(run)), f"page, run {run}")


def test_a_kill_before_the_first_token_asks_again_by_itself(
    own_server: ChatServer, new_context: Callable[..., BrowserContext], models: ModelServer, watch: Watch
):
    watch.expect(*NETWORK_ERRORS)

    def choose(exchange: Exchange) -> Script:
        return Script(spoken(marked(exchange))) if len(models.for_prompt("patience")) > 1 else Script([Silence()])

    models.answer("patience", choose)
    chat = ChatPage(new_context(own_server.url, own_server.sign_in()).new_page()).open_new()
    chat.ask("patience")
    models.wait_for_request("patience")
    chat.wait_until_connected()
    own_server.kill()
    own_server.start()
    second = models.wait_for_request("patience", count=2)
    chat.wait_for_state("complete")
    answer = own_server.log.checked(chat.conversation)[-1]
    assert answer.attempt == 2
    checker.log_holds(answer, second, whole=True)
    checker.page_holds(answer.text, chat.code(), "page")
