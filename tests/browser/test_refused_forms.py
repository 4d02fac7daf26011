"""A form that the server refused is filled in again where its page is seen next."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_accessibility import check
from tests.support.browsing import Watch
from tests.support.chat_page import ChatPage

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chat: ChatPage, watch: Watch) -> Page:
    watch.expect("status of 40[03]")
    return chat.page


def forget_token(page: Page) -> None:
    """As if one had signed in anew in another tab."""
    page.context.clear_cookies(name="csrftoken")


def test_a_stale_page_is_loaded_again_with_what_was_typed(page: Page):
    page.goto("/people/groups/")
    page.get_by_label("Name").fill("Interns")
    forget_token(page)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="The page was out of date")).to_be_visible()
    check(page)
    page.get_by_role("link", name="Load the page again").click()
    expect(page.get_by_label("Name")).to_have_value("Interns")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Interns")).to_be_visible()
    page.goto("/people/groups/")
    expect(page.get_by_label("Name")).to_have_value("")


def test_boxes_and_choices_come_back_and_keys_do_not(page: Page):
    page.goto("/setup/")
    page.get_by_label("Anthropic").check()
    page.locator("#add-connection [name=name]").fill("Ours")
    page.locator("#add-connection [name=api_key]").fill("a-secret-key")
    forget_token(page)
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("heading", name="The page was out of date")).to_be_visible()
    assert "a-secret-key" not in page.evaluate("JSON.stringify(sessionStorage)")
    page.get_by_role("link", name="Load the page again").click()
    expect(page.get_by_label("Anthropic")).to_be_checked()
    expect(page.locator("#add-connection [name=name]")).to_have_value("Ours")
    expect(page.locator("#add-connection [name=api_key]")).to_have_value("")


def test_what_is_not_refused_is_not_kept(page: Page):
    page.goto("/people/groups/")
    page.get_by_label("Name").fill("Interns again")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Interns again")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('typed')") is None
    page.goto("/people/groups/")
    expect(page.get_by_label("Name")).to_have_value("")
