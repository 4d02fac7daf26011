"""PostgreSQL is stopped under open pages: a calm page that comes back by itself, and nothing typed is lost."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from urllib.parse import unquote

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.test_accessibility import check
from tests.support.browsing import NETWORK_ERRORS, Watch
from tests.support.chat_page import ChatPage
from tests.support.hosted import Site, running_site
from tests.support.model_server import ModelServer
from tests.support.scripts import Script, spoken

pytestmark = [pytest.mark.browser, pytest.mark.hosted]
AWAY = "The database is away"
SENTENCE = "The database cannot be reached at present. Try again in a moment."


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Site]:
    settings = {"CHATSITE_SIGN_UP": "invitation"}
    with running_site(tmp_path_factory.mktemp("site"), environment | settings) as site:
        yield site


@pytest.fixture
def cookies(site: Site) -> dict[str, str]:
    return site.sign_in()


@pytest.fixture
def page(site: Site, cookies: dict[str, str], new_context: Callable[..., BrowserContext], watch: Watch) -> Page:
    watch.expect(*NETWORK_ERRORS, r"status of 503", r"Unexpected response code: 503", "htmx:response:error")
    return new_context(site.url, cookies).new_page()


@pytest.fixture
def postgresql(site: Site) -> Iterator[object]:
    """It runs again after the test."""
    yield site.postgresql
    site.mend()


def comes_back(page: Page, name: str) -> None:
    """Nobody touches the page."""
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def test_whoever_asks_is_told_in_their_own_form(site: Site, cookies: dict[str, str], postgresql):
    def ask(method: str, path: str, **headers: str) -> requests.Response:
        token = {"X-CSRFToken": cookies["csrftoken"]}
        form = {"text": "Hi", "key": "k" * 32} if method == "POST" else None
        return requests.request(
            method, site.url + path, data=form, headers=headers | token, cookies=cookies, timeout=60
        )

    site.postgresql.stop()
    with ThreadPoolExecutor() as pool:
        asked = [
            pool.submit(ask, "GET", "/settings/"),
            pool.submit(ask, "POST", "/prompts/", Accept="application/json"),
            pool.submit(ask, "POST", "/prompts/", **{"HX-Request": "true"}),
            pool.submit(ask, "GET", f"/sse/c/{'0' * 32}/", Accept="text/event-stream"),
        ]
    page, script, htmx, stream = (each.result() for each in asked)
    for answer in (page, script, htmx, stream):
        assert (answer.status_code, answer.headers["Retry-After"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "3")
        assert "no-store" in answer.headers["Cache-Control"]
    assert AWAY in page.text
    assert script.json() == {"code": "database_away", "message": SENTENCE, "retryable": True}
    assert (htmx.headers["HX-Reswap"], unquote(htmx.headers["X-Problem"]), htmx.text) == ("none", SENTENCE, "")
    site.mend()
    assert ask("GET", "/settings/").status_code == HTTPStatus.OK


def test_a_page_comes_back_by_itself(site: Site, page: Page, postgresql):
    site.postgresql.stop()
    answer = page.goto("/settings/")
    assert answer is not None
    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    expect(page.get_by_role("heading", name=AWAY)).to_be_visible()
    check(page)
    site.postgresql.start()
    comes_back(page, "Settings")


def test_a_prompt_stays_in_its_box_and_is_sent_once(site: Site, page: Page, models: ModelServer, postgresql):
    chat = ChatPage(page).open_new()
    models.answer("typed while it was there", Script(spoken(["And ", "answered."])))
    chat.composer.fill("typed while it was there")
    site.postgresql.stop()
    chat.composer.press("Enter")
    expect(page.locator(".problem__text")).to_have_text(f"{SENTENCE} Your message is still in the box.")
    expect(chat.composer).to_have_value("typed while it was there")
    site.mend()
    page.locator(".problem [data-again]").click()
    chat.wait_for_state("complete")
    expect(chat.answer).to_contain_text("And answered.")
    expect(chat.composer).to_have_value("")
    assert len(models.for_prompt("typed while it was there")) == 1


def test_what_htmx_sends_fails_in_place(site: Site, page: Page, models: ModelServer, postgresql):
    models.answer("to be retried", Script(spoken(["Said."])))
    chat = ChatPage(page).open_new()
    chat.ask("to be retried")
    chat.wait_for_state("complete")
    chat.composer.fill("what comes next")
    site.postgresql.stop()
    chat.press("Write again")
    expect(page.locator("#notice")).to_contain_text(SENTENCE)
    expect(chat.composer).to_have_value("what comes next")
    expect(chat.answer).to_contain_text("Said.")


def test_a_form_is_filled_in_again(site: Site, page: Page, postgresql):
    page.goto("/people/invitations/")
    page.get_by_label("Email").fill("eva@example.org")
    site.postgresql.stop()
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_role("heading", name=AWAY)).to_be_visible()
    site.postgresql.start()
    comes_back(page, "Invite somebody")
    expect(page.get_by_label("Email")).to_have_value("eva@example.org")
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.locator("#link")).to_be_visible()
    page.goto("/people/invitations/")
    expect(page.get_by_label("Email")).to_have_value("")
