"""The pages have no axe-core violation, light and dark, and can be used with a keyboard alone."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.chat_page import ChatPage
from tests.support.model_server import ModelServer
from tests.support.scripts import Delta, Gate, Script, refusal, spoken
from tests.support.server import ChatServer
from tests.support.signing_in import PASSWORD

pytestmark = pytest.mark.browser
VENDOR = Path(__file__).resolve().parent.parent / "support" / "vendor"
SETTLED = """() => Promise.allSettled(document.getAnimations()
  .filter((each) => each.effect?.getComputedTiming().endTime !== Infinity).map((each) => each.finished))"""
RICH = (
    "# Title\n\nText with **bold**, `code` and [a link](https://example.org/).\n\n1. one\n2. two\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\ndef f(x):\n    return x + 1  # comment\n```\n\n> quoted\n"
)
WIDE = (
    "| a column with a long name " * 9 + "|\n" + "|---" * 9 + "|\n" + "| word " * 9 + "|\n\n"
    "```text\n" + "one line of code that is wider than any column " * 4 + "\n```\n\nThe end of it.\n"
)


def violations(page: Page) -> list[str]:
    """What axe-core finds, one line each with the elements."""
    page.evaluate((VENDOR / "axe.min.js").read_text())
    page.evaluate(SETTLED)
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [f"{one['id']}: {one['help']} {[described(node) for node in one['nodes'][:4]]}" for one in found]


def described(node: dict) -> str:
    return f"{node['html'][:160]} — {node['failureSummary'][:200]}"


def check(page: Page) -> None:
    assert violations(page) == []


def test_vendored_axe_is_what_the_manifest_says():
    for entry in json.loads((VENDOR / "manifest.json").read_text()):
        assert hashlib.sha256((VENDOR / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]


def test_axe_finds_something_where_there_is_something(new_context: Callable[..., BrowserContext], server: ChatServer):
    page = new_context(server.url).new_page()
    page.goto("/accounts/login/")
    page.evaluate("document.body.append(document.createElement('button'))")
    assert any(found.startswith("button-name") for found in violations(page))


@pytest.fixture(params=["light", "dark", "phone"])
def context(
    request: pytest.FixtureRequest,
    new_context: Callable[..., BrowserContext],
    server: ChatServer,
    cookies: dict[str, str],
) -> BrowserContext:
    options = {"color_scheme": "dark" if request.param == "dark" else "light"}
    if request.param == "phone":
        options |= {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    return new_context(server.url, cookies, **options)


@pytest.mark.parametrize("path", ["/", "/settings/", "/setup/", "/accounts/password/change/"])
def test_page_has_no_violation(context: BrowserContext, path: str):
    page = context.new_page()
    page.goto(path)
    check(page)


def test_sign_in_has_no_violation(context: BrowserContext):
    context.clear_cookies()
    page = context.new_page()
    page.goto("/accounts/login/")
    check(page)
    page.get_by_label("Password").fill("wrong")
    page.locator("input[name=login]").fill("alice")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    check(page)


def test_missing_page_has_no_violation(context: BrowserContext, watch):
    watch.expect("404")
    page = context.new_page()
    page.goto("/c/nothing/")
    check(page)


def test_conversation_has_no_violation(context: BrowserContext, models: ModelServer):
    gate = Gate()
    thinking = spoken(["let me ", "think"], part="thinking", pause=0)
    models.answer("axe rich", Script([*thinking, *spoken([RICH], pause=0), gate, Delta("\nThe end.")]))
    models.answer("axe error", refusal(401, "bad key"))
    chat = ChatPage(context.new_page()).open_new()
    chat.ask("axe rich")
    chat.wait_for_text("quoted")
    chat.ask("axe waits")
    expect(chat.questions).to_have_count(2)
    check(chat.page)
    gate.open()
    chat.wait_for_state("complete")
    check(chat.page)
    chat.ask("axe error")
    expect(chat.questions).to_have_count(3)
    chat.wait_for_state("error")
    check(chat.page)


def test_what_is_wide_scrolls_by_keyboard(context: BrowserContext, models: ModelServer):
    models.answer("axe wide", Script(spoken([WIDE], pause=0)))
    chat = ChatPage(context.new_page()).open_new()
    chat.ask("axe wide")
    chat.wait_for_state("complete")
    check(chat.page)
    for name in ("Table", "Code"):
        box = chat.answer.get_by_role("group", name=name)
        width, seen = box.evaluate("(each) => [each.scrollWidth, each.clientWidth]")
        assert width > seen, f"this {name} is not wide"
        box.focus()
        chat.page.keyboard.press("ArrowRight")
        expect(box).not_to_have_js_property("scrollLeft", 0)
        assert box.evaluate("(each) => getComputedStyle(each).outlineStyle") != "none"


def test_everything_works_by_keyboard(
    new_context: Callable[..., BrowserContext], server: ChatServer, models: ModelServer
):
    """Sign in, choose a model, ask, stop, retry: the mouse is never used."""
    models.answer("by keyboard", Script([*spoken(["on and on "] * 200), Gate()]))
    page = new_context(server.url).new_page()
    keys = page.keyboard
    page.goto("/accounts/login/")
    tab_to(page, "input[name=login]")
    keys.type("alice")
    tab_to(page, "input[name=password]")
    keys.type(PASSWORD)
    keys.press("Enter")
    page.wait_for_url(server.url + "/")
    tab_to(page, "select[name=model]")
    keys.type("scripted")
    tab_to(page, "form.composer textarea", backwards=True)
    keys.type("by keyboard")
    keys.press("Enter")
    chat = ChatPage(page)
    chat.wait_for_text("on and on")
    tab_to(page, "[data-stop]")
    keys.press("Enter")
    chat.wait_for_state("cancelled")
    models.answer("by keyboard", Script(spoken(["again"])))
    run = chat.answer.get_attribute("data-run")
    tab_to(page, 'button[hx-post$="/retry/"]', backwards=True)
    keys.press("Enter")
    expect(chat.answer).not_to_have_attribute("data-run", run or "")
    chat.wait_for_state("complete")
    focused = "document.activeElement !== document.body && document.activeElement.isConnected"
    assert page.evaluate(focused), "focus was lost when the retried answer was swapped in"


def test_focus_is_always_visible(chat: ChatPage):
    """Each stop of the Tab key shows where it is."""
    chat.page.goto("/settings/")
    seen = set()
    for _ in range(40):
        chat.page.keyboard.press("Tab")
        name, visible = chat.page.evaluate(
            """() => {
              const one = document.activeElement, ring = (style) =>
                (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
              const around = [one, one.parentElement, one.nextElementSibling, one.closest("label")].filter(Boolean);
              const shown = one === document.body || around.some((each) => ring(getComputedStyle(each)));
              return [one.outerHTML.slice(0, 120), shown];
            }"""
        )
        assert visible, f"no focus ring on {name}"
        seen.add(name)
    assert len(seen) > 8


def tab_to(page: Page, selector: str, *, backwards: bool = False) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(60):
        if page.evaluate("(s) => Boolean(document.activeElement?.matches(s))", selector):
            return
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
    raise AssertionError(f"Tab does not reach {selector}")
