"""The pages on people and on coming in have no axe-core violation: light, dark and on a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.test_accessibility import check
from tests.support.browsing import Watch
from tests.support.mail_server import MailServer
from tests.support.server import ChatServer

pytestmark = [pytest.mark.browser, pytest.mark.long]
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}
SHOWN_IN = ["light", "phone", "dark"]
INSIDE = [
    "/people/",
    "/people/?q=nobody",
    "/people/2/",
    "/people/1/",
    "/people/add/",
    "/people/groups/",
    "/accounts/email/",
]
OUTSIDE = [
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-x/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/x/",
    "/accounts/inactive/",
    "/accounts/invitation/x/",
]


@pytest.mark.parametrize("look", SHOWN_IN)
def test_pages_for_administrators_have_no_violation(
    open_server: ChatServer, new_context: Callable[..., BrowserContext], watch: Watch, look: str
):
    watch.expect("422")  # a group without a model
    page = new_context(open_server.url, open_server.sign_in("alice"), **LOOKS[look]).new_page()
    for path in INSIDE:
        page.goto(path)
        check(page)
    page.goto("/people/2/")
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check(page)
    page.goto("/people/groups/")
    page.get_by_label("Name").fill(look)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_label("Every model")).to_be_checked()
    expect(page.get_by_label("scripted-two")).to_be_hidden()
    page.get_by_label("Only these").check()
    expect(page.get_by_label("scripted-two")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing is chosen")).to_be_visible()
    check(page)
    page.goto("/people/invitations/")
    page.get_by_label("Email").fill(f"{look}@example.org")
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.locator("#link")).to_be_visible()
    check(page)


@pytest.mark.parametrize("look", SHOWN_IN)
def test_pages_for_strangers_have_no_violation(
    open_server: ChatServer, new_context: Callable[..., BrowserContext], mail: MailServer, watch: Watch, look: str
):
    watch.expect("410")
    page = new_context(open_server.url, **LOOKS[look]).new_page()
    for path in OUTSIDE:
        page.goto(path)
        check(page)
    page.goto("/accounts/signup/")
    page.get_by_label("Name").fill("alice")
    page.get_by_label("Email").fill("x@example.org")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_text("This password is too short")).to_be_visible()
    check(page)
    page.goto("/accounts/password/reset/")
    page.get_by_label("Email").fill("bob@example.org")
    page.get_by_role("button", name="Send the link").click()
    page.goto(mail.link("bob@example.org", "Choose a new password"))
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_visible()
    check(page)
