"""A real Chromium for tests: one a module, contexts whose pages are watched. Knows no server."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.support.browsing import CHROMIUM, CHROMIUM_ARGUMENTS, REMEMBER_WHAT_WAS_SHOWN, Watch
from tests.support.waiting import PATIENCE_SECONDS

WAIT_MILLISECONDS = 1000 * PATIENCE_SECONDS


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser a module: Playwright's loop would otherwise be in the way of other modules' async tests."""
    expect.set_options(timeout=WAIT_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=CHROMIUM_ARGUMENTS,
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        browser.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Fails the test in whose pages something went wrong that it did not expect."""
    watch = Watch()
    yield watch
    watch.verify()


@pytest.fixture
def new_context(browser: Browser, watch: Watch) -> Iterator[Callable[..., BrowserContext]]:
    """Makes contexts whose pages are watched."""
    made: list[BrowserContext] = []

    def make(url: str, cookies: dict[str, str] | None = None, **options: object) -> BrowserContext:
        context = browser.new_context(base_url=url, **options)
        context.set_default_timeout(WAIT_MILLISECONDS)
        context.on("page", watch.page)
        context.add_init_script(REMEMBER_WHAT_WAS_SHOWN)
        if cookies:
            context.add_cookies([{"name": n, "value": v, "url": url} for n, v in cookies.items() if n != "messages"])
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()
