"""Coming in and being let in: sign-up in its three modes, invitations, lost passwords, with real mail on loopback."""

from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.mail_server import MailServer
from tests.support.server import PASSWORD, ChatServer, running_server

pytestmark = pytest.mark.browser
NEW = "a brand new sentence"
HERE = "**/"


@pytest.fixture
def stranger(open_server: ChatServer, new_context: Callable[..., BrowserContext]) -> Page:
    return new_context(open_server.url).new_page()


@pytest.fixture
def administrator(open_server: ChatServer, new_context: Callable[..., BrowserContext]) -> Page:
    return new_context(open_server.url, open_server.sign_in("alice")).new_page()


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Name or email").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def make_account(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    page.wait_for_url(HERE)


def test_open_sign_up_asks_for_the_address_before_anything_else(stranger: Page, mail: MailServer):
    stranger.goto("/accounts/login/")
    stranger.get_by_role("link", name="Sign up").click()
    stranger.get_by_label("Name").fill("dora")
    stranger.get_by_label("Email").fill("dora@example.org")
    stranger.get_by_label("Password").fill("dora")
    stranger.get_by_role("button", name="Sign up").click()
    expect(stranger.get_by_text("This password is too short")).to_be_visible()
    expect(stranger.get_by_label("Email")).to_have_value("dora@example.org")
    stranger.get_by_label("Password").fill(PASSWORD)
    stranger.get_by_role("button", name="Sign up").click()
    expect(stranger.get_by_role("heading", name="Confirm your address")).to_be_visible()
    link = mail.link("dora@example.org", "Confirm your address")
    sign_in(stranger, "dora")
    expect(stranger.get_by_role("heading", name="Confirm your address")).to_be_visible()
    stranger.goto(link)
    stranger.get_by_role("button", name="Confirm").click()
    expect(stranger.get_by_text("dora@example.org is confirmed.")).to_be_visible()
    sign_in(stranger, "dora@example.org")
    stranger.wait_for_url(HERE)
    expect(stranger.locator("textarea")).to_be_visible()


@pytest.mark.parametrize(
    ("mode", "said"), [("closed", "Sign-up is closed"), ("invitation", "Sign-up is by invitation")]
)
def test_sign_up_that_is_not_open_says_so(
    tmp_path, new_context: Callable[..., BrowserContext], mail: MailServer, mode: str, said: str
):
    environment = {"CHATSITE_SIGN_UP": mode, "CHATSITE_MAIL_URL": mail.url}
    # Its pages close before the server: one that still loads an icon would complain.
    with running_server(tmp_path / "data", environment=environment) as server, closing(new_context(server.url)) as own:
        page = own.new_page()
        page.goto("/accounts/signup/")
        expect(page.get_by_role("heading", name=said)).to_be_visible()
        page.get_by_role("link", name="Sign in").click()
        expect(page.get_by_role("link", name="Sign up")).to_have_count(0)
        if mode == "closed":
            return
        with closing(new_context(server.url, server.sign_in("alice"))) as context:
            invite(context.new_page(), "ina@example.org")
        page.goto(mail.link("ina@example.org", "You are invited"))
        make_account(page, "ina")
        expect(page.locator("textarea")).to_be_visible()


def invite(administrator: Page, address: str, *groups: str) -> str:
    """Fill the form in; the link that is shown once."""
    administrator.goto("/")
    administrator.get_by_role("link", name="People").click()
    administrator.get_by_role("link", name="Invitations").click()
    administrator.get_by_label("Email").fill(address)
    for group in groups:
        administrator.get_by_label(group).check()
    administrator.get_by_role("button", name="Invite", exact=True).click()
    expect(administrator.get_by_text(f"An invitation was sent to {address}.")).to_be_visible()
    administrator.wait_for_load_state()  # a click before the scripts run is lost
    return administrator.locator("#link").inner_text()


def test_an_invitation_leads_to_an_account_in_its_groups(administrator: Page, stranger: Page, mail: MailServer):
    administrator.goto("/people/groups/")
    administrator.get_by_label("Name").fill("Second only")
    administrator.get_by_role("button", name="Add").click()
    administrator.get_by_label("Only these").check()
    administrator.get_by_label("scripted-two").check()
    administrator.get_by_role("button", name="Save").click()
    expect(administrator.get_by_text("Second only was saved.")).to_be_visible()
    expect(administrator.get_by_label("scripted-two")).to_be_checked()
    shown = invite(administrator, "eva@example.org", "Second only")
    assert mail.link("eva@example.org", "You are invited") == shown
    administrator.get_by_role("button", name="Copy the link").click()
    expect(administrator.locator("#announcer")).to_have_text("Copied.")
    stranger.goto(shown)
    expect(stranger.get_by_label("Email")).to_be_disabled()
    make_account(stranger, "eva")
    offered = stranger.locator("select[name=model] option").all_inner_texts()
    assert [name.strip() for name in offered] == ["scripted-two", "Demo"]
    administrator.goto("/people/?q=eva@")
    expect(administrator.locator(".row")).to_contain_text(["Second only"])


def test_a_revoked_invitation_is_void(administrator: Page, stranger: Page, watch):
    watch.expect("410")
    link = invite(administrator, "fred@example.org")
    administrator.goto("/people/invitations/")
    administrator.get_by_role("button", name="Revoke the invitation of fred@example.org").click()
    expect(administrator.get_by_text("Its link is void.")).to_be_visible()
    assert stranger.goto(link).status == 410
    expect(stranger.get_by_role("heading", name="This invitation is not valid")).to_be_visible()


def test_a_lost_password_is_replaced_by_mail(stranger: Page, mail: MailServer):
    stranger.goto("/accounts/login/")
    stranger.get_by_role("link", name="Forgot your password?").click()
    stranger.get_by_label("Email").fill("bob@example.org")
    stranger.get_by_role("button", name="Send the link").click()
    expect(stranger.get_by_role("heading", name="Check your mail")).to_be_visible()
    stranger.goto(mail.link("bob@example.org", "Choose a new password"))
    stranger.get_by_label("New password", exact=True).fill(NEW)
    stranger.get_by_label("New password again").fill(NEW)
    stranger.get_by_role("button", name="Save the password").click()
    stranger.get_by_role("link", name="Sign in").click()
    sign_in(stranger, "bob")
    expect(stranger.get_by_role("alert")).to_contain_text("do not match")
    sign_in(stranger, "bob", NEW)
    stranger.wait_for_url(HERE)
    mail.wait_for("bob@example.org", "Your password was reset")
