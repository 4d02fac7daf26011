"""The pages about signing in have no axe-core violation, light, dark and on a phone."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.test_accessibility import check
from tests.support.browsing import Watch
from tests.support.identity_provider import IdentityProvider
from tests.support.server import ChatServer, manage, running_server
from tests.support.sign_in_pages import MORE_PEOPLE, confirm, sign_in, sign_out
from tests.support.totp import code_at

pytestmark = [pytest.mark.browser, pytest.mark.long]
LOOKS = {
    "carol": {"color_scheme": "light"},
    "dana": {"color_scheme": "dark"},
    "erin": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    provider = IdentityProvider(people={"stranger": {"email": "carol@example.org", "email_verified": True}})
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, provider: IdentityProvider) -> Iterator[ChatServer]:
    with running_server(tmp_path_factory.mktemp("server"), environment=provider.environment) as server:
        manage(
            server.data_dir, "shell", "--verbosity", "0", "-c", MORE_PEOPLE.replace("verified=True", "verified=False")
        )
        yield server


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], server: ChatServer, name: str) -> Page:
    return new_context(server.url.replace("127.0.0.1", "localhost"), **LOOKS[name]).new_page()


@pytest.mark.parametrize("name", LOOKS)
def test_pages_of_factors_have_no_violation(page: Page, name: str):
    page.goto("/accounts/login/")
    check(page)
    sign_in(page, name)
    page.goto("/settings/security/")
    check(page)
    page.goto("/accounts/2fa/totp/activate/")
    check(page)  # the password is asked for
    confirm(page)
    secret = page.locator("code.secret").inner_text()
    check(page)
    page.get_by_label("Code that the app shows").fill("1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("That was not accepted.")).to_be_visible()
    assert page.locator("code.secret").inner_text() == secret, "a typing error wants a new scan"
    check(page)
    page.get_by_label("Code that the app shows").fill(code_at(secret))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    check(page)
    for path in ("/settings/security/", "/accounts/2fa/recovery-codes/generate/", "/accounts/2fa/webauthn/add/"):
        page.goto(path)
        check(page)
    page.goto("/accounts/2fa/totp/deactivate/")
    check(page)
    sign_out(page)
    sign_in(page, name)
    expect(page.get_by_label("Code from your authenticator app")).to_be_focused()
    check(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_label("Password")).to_be_visible()


@pytest.mark.parametrize("name", ["carol", "dana"])
def test_pages_of_the_provider_have_no_violation(page: Page, provider: IdentityProvider, watch: Watch):
    watch.expect("403", "401")
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in with Example ID").click()
    page.get_by_role("link", name="stranger").click()
    expect(page.get_by_role("heading", name="Your account is not linked yet")).to_be_visible()
    check(page)
    page.goto("/accounts/3rdparty/login/cancelled/")
    check(page)
    page.goto("/accounts/oidc/login/callback/?code=1&state=2")
    check(page)
