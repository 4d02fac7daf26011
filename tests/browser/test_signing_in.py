"""Signing in with more than a password: app, recovery code, passkey, provider; and ending a session that is open."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.test_accessibility import check
from tests.support.browsing import NETWORK_ERRORS, Watch
from tests.support.chat_page import ChatPage
from tests.support.identity_provider import IdentityProvider
from tests.support.model_server import ModelServer
from tests.support.scripts import Script, spoken
from tests.support.server import ChatServer, manage, running_server
from tests.support.sign_in_pages import MORE_PEOPLE, confirm, sign_in, sign_out
from tests.support.totp import code_at
from tests.support.waiting import until

pytestmark = pytest.mark.browser
NewContext = Callable[..., BrowserContext]
HOME = re.compile(r"localhost:\d+/$")
PLATFORM = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
# As some devices do, whatever the site asks for.
ALWAYS_ABLE_TO_STAND_ALONE = """(() => {
  const create = navigator.credentials.create.bind(navigator.credentials);
  navigator.credentials.create = (options) => {
    Object.assign(options.publicKey.authenticatorSelection, { residentKey: "required", requireResidentKey: true });
    return create(options);
  };
})()"""
WHEN_THE_STREAM_ENDS = """(path) => {
  window.streamEnded = new Promise((done) => {
    const source = new EventSource(path);
    source.onerror = () => { source.close(); done(true); };
  });
  return new Promise((open) => new EventSource(path).addEventListener("hello", (e) => { e.target.close(); open(); }));
}"""


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    provider = IdentityProvider(
        people={
            "frank-there": {"email": "frank@example.org", "email_verified": True},
            "stranger": {"email": "stranger@example.org", "email_verified": True},
        }
    )
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str], provider: IdentityProvider
) -> Iterator[ChatServer]:
    with running_server(tmp_path_factory.mktemp("server"), environment=environment | provider.environment) as server:
        manage(server.data_dir, "shell", "--verbosity", "0", "-c", MORE_PEOPLE)
        yield server


@pytest.fixture
def page(new_context: NewContext, server: ChatServer) -> Page:
    """By name, not by number: a passkey belongs to a host name."""
    return new_context(server.url.replace("127.0.0.1", "localhost")).new_page()


def set_up_app(page: Page, name: str) -> tuple[str, list[str]]:
    """From the settings to the recovery codes; the secret and the codes."""
    sign_in(page, name)
    page.goto("/settings/")
    page.get_by_role("link", name="Security").click()
    page.get_by_role("link", name="Set up").click()
    confirm(page)
    secret = page.locator("code.secret").inner_text()
    picture = page.get_by_alt_text("QR code")
    until(lambda: picture.evaluate("image => image.complete && image.naturalWidth > 0"), "the QR code is shown")
    page.get_by_label("Code that the app shows").fill(code_at(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    codes = page.locator(".recovery-codes code").all_inner_texts()
    assert len(set(codes)) == 10
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text("Your password alone does not let anybody in.")).to_be_visible()
    sign_out(page)
    return secret, codes


def test_an_app_is_set_up_and_asked_for_and_a_recovery_code_stands_in(page: Page, server: ChatServer):
    secret, codes = set_up_app(page, "carol")
    sign_in(page, "carol")
    field = page.get_by_label("Code from your authenticator app, or a recovery code")
    expect(field).to_be_focused()
    page.goto("/settings/")  # there is no way around it
    expect(field).to_be_visible()
    field.fill("000000")
    field.press("Enter")
    expect(page.get_by_text("That was not accepted.")).to_be_visible()
    field.fill(code_at(secret, steps=1))  # another one than the first, and good whenever the server sees it
    field.press("Enter")
    page.wait_for_url(HOME)
    sign_out(page)
    sign_in(page, "carol")
    field.fill(codes[3])
    field.press("Enter")
    page.wait_for_url(HOME)
    page.goto("/settings/security/")
    expect(page.get_by_text("9 left")).to_be_visible()


def test_an_administrator_resets_what_was_lost(page: Page, new_context: NewContext, server: ChatServer):
    set_up_app(page, "gina")
    office = new_context(server.url, server.sign_in("alice")).new_page()
    office.goto("/people/?q=gina")
    office.get_by_role("link", name="gina").click()
    expect(office.get_by_text("password, app, 10 recovery codes")).to_be_visible()
    office.get_by_role("button", name="Reset second factors").click()
    expect(office.get_by_role("button", name="Reset", exact=True)).to_be_visible()
    check(office)
    office.get_by_role("button", name="Reset", exact=True).click()
    expect(office.get_by_text("The second factors of gina were removed.")).to_be_visible()
    sign_in(page, "gina")
    page.wait_for_url(HOME)
    until(lambda: "Subject: [chatsite] Your second factors were removed" in server.output, "gina was told")


def test_recovery_codes_are_copied_and_downloaded(page: Page):
    _, codes = set_up_app(page, "dana")
    sign_in(page, "dana")
    page.get_by_label("Code from").fill(codes[0])
    page.keyboard.press("Enter")
    page.wait_for_url(HOME)
    page.goto("/settings/security/")
    page.get_by_role("link", name="Show").click()
    confirm(page)
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("[data-copy]")).to_have_attribute("data-result", "copied")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().read_text().split() == codes[1:]


def authenticator(page: Page) -> Callable[..., dict]:
    """Chromium's virtual one, as a device with a fingerprint reader has it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    key = session.send("WebAuthn.addVirtualAuthenticator", {"options": PLATFORM})["authenticatorId"]
    return lambda command, **more: session.send(f"WebAuthn.{command}", {"authenticatorId": key, **more})


def add_passkey(page: Page, name: str, *, alone: bool) -> None:
    page.goto("/settings/security/")
    page.get_by_role("link", name="Add a passkey").click()
    asked = page.get_by_role("heading", name="Confirm it is you")
    expect(asked.or_(page.get_by_label("It may sign me in by itself"))).to_be_visible()
    if asked.is_visible():
        confirm(page)
    page.get_by_label("Name").fill(name)
    page.get_by_label("It may sign me in by itself").set_checked(alone)
    page.get_by_role("button", name="Add passkey").click()


def test_a_passkey_signs_in_without_a_password_and_confirms_and_is_removed(page: Page, server: ChatServer):
    keys = authenticator(page)
    sign_in(page, "erin")
    add_passkey(page, "Laptop", alone=True)
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text("Laptop")).to_be_visible()
    [kept] = keys("getCredentials")["credentials"]
    assert (kept["rpId"], kept["isResidentCredential"]) == ("localhost", True)
    sign_out(page)
    page.goto("/accounts/login/?next=/settings/security/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(re.compile("/settings/security/"))
    page.get_by_role("link", name="Rename Laptop").click()
    page.get_by_role("link", name="Use a passkey instead").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_label("Name").fill("Old laptop")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Remove Old laptop").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The passkey was removed.")).to_be_visible()
    for done in ("added", "removed"):
        until(lambda done=done: f"Subject: [chatsite] A passkey was {done}" in server.output, f"erin was told: {done}")
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("That was not accepted.")).to_be_visible()


def test_a_passkey_is_a_second_factor_and_failures_are_said_in_words(page: Page):
    keys = authenticator(page)
    page.add_init_script(ALWAYS_ABLE_TO_STAND_ALONE)
    sign_in(page, "bob")
    add_passkey(page, "Key", alone=False)
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text("Second factor")).to_be_visible()
    add_passkey(page, "Again", alone=False)
    expect(page.get_by_text("This device has a passkey of this account already.")).to_be_visible()
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("That was not accepted.")).to_be_visible()
    sign_in(page, "bob")
    expect(page.get_by_label("Recovery code")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(HOME)
    sign_out(page)
    keys("clearCredentials")
    sign_in(page, "bob")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("No passkey was used, or it took too long.")).to_be_visible()


def test_at_an_address_without_a_name_passkeys_say_why_not(new_context: NewContext, server: ChatServer):
    page = new_context(server.url).new_page()
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("Passkeys do not work at this address.")).to_be_visible()


def test_ending_a_session_shows_its_open_pages_out_within_ten_seconds(
    new_context: NewContext, server: ChatServer, models: ModelServer, watch: Watch
):
    watch.expect(*NETWORK_ERRORS, "401")
    models.answer("stay", Script(spoken(["here"])))
    chat = ChatPage(new_context(server.url, server.sign_in()).new_page()).open_new()
    chat.ask("stay")
    chat.wait_for_state("complete")
    chat.wait_until_connected()
    chat.page.evaluate(WHEN_THE_STREAM_ENDS, f"/sse/c/{chat.conversation}/")
    here = new_context(server.url, server.sign_in(), user_agent="Mozilla/5.0 (X11; Linux) Firefox/145.0").new_page()
    here.goto("/settings/security/")
    expect(here.get_by_text("This device")).to_have_count(1)
    here.get_by_role("button", name="Sign out everywhere else").click()
    ended = time.monotonic()
    expect(here.get_by_text("Pages that are open there close within ten seconds.")).to_be_visible()
    expect(chat.page.get_by_text("You are signed out. What you wrote is kept.")).to_be_visible()
    assert chat.page.evaluate("streamEnded")
    assert time.monotonic() - ended < 3 * 10, "thrice the promise is for a busy machine"


def test_a_provider_signs_in_who_is_known_and_says_what_is_wrong(page: Page, provider: IdentityProvider, watch: Watch):
    watch.expect("403", "401")
    page.goto("/accounts/login/?next=/settings/")
    page.get_by_role("button", name="Sign in with Example ID").click()
    page.get_by_role("link", name="frank-there").click()
    page.wait_for_url(re.compile("/settings/$"))
    page.goto("/settings/security/")
    expect(page.get_by_text("Linked", exact=True)).to_be_visible()
    sign_out(page)
    page.get_by_role("button", name="Sign in with Example ID").click()
    page.get_by_role("link", name="stranger").click()
    expect(page.get_by_role("heading", name="You have no account here")).to_be_visible()
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in with Example ID").click()
    page.get_by_role("link", name="Deny").click()
    expect(page.get_by_text("You stopped, or Example ID did not let you through.")).to_be_visible()
    provider.faults.add("away")
    page.get_by_role("link", name="Back to sign-in").click()
    page.get_by_role("button", name="Sign in with Example ID").click()
    expect(page.get_by_role("heading", name="Example ID does not answer")).to_be_visible()
    provider.faults.clear()
    assert provider.refusals == []
