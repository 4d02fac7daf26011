"""What a reader's eyes and machine notice: nothing jumps while an answer comes, and the page never stalls."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.chat_page import ChatPage
from tests.support.model_server import ModelServer
from tests.support.scripts import Delta, Gate, Script, spoken
from tests.support.waiting import until

pytestmark = pytest.mark.browser
WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    if (!entry.hadRecentInput)
      shifts.push([entry.value, entry.sources.map((source) => source.node?.outerHTML ?? source.node?.textContent)]);
}).observe({ type: "layout-shift", buffered: true });
"""
# What moved until now has been told.
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 200))))"
PIECES = (
    "A first paragraph that is long enough to be broken into several lines of the column, so that its end moves.\n\n",
    "- one\n- two with **bold** words\n- three\n\n",
    "```python\ndef answer():\n    return 42\n```\n\n",
    "> quoted, and\n> quoted again\n\n",
    "## A heading\n\nAnd a last paragraph, which is also long enough to be broken into lines of the column.\n",
)


def tokens() -> list[str]:
    text = "".join(PIECES) * 3
    return [text[start : start + 6] for start in range(0, len(text), 6)]


def shifts(page: Page) -> list[list]:
    return page.evaluate("shifts")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_jumps_while_an_answer_comes(chat: ChatPage, models: ModelServer, width: int):
    gate = Gate()
    models.answer("steady", Script([gate, *spoken(tokens(), pause=0.005)]))
    chat.page.set_viewport_size({"width": width, "height": 800})
    chat.page.add_init_script(WATCH_SHIFTS)
    chat.ask("steady")
    chat.wait_for_state("running")
    chat.wait_until_connected()
    chat.page.evaluate(PAINTED)
    before = len(shifts(chat.page))
    gate.open()
    chat.wait_for_state("complete")
    found = shifts(chat.page)[before:]
    assert sum(value for value, _ in found) < 0.001, found


def test_the_quiet_line_stands_at_the_end_and_covers_nothing(chat: ChatPage, models: ModelServer):
    gate = Gate()
    models.answer("at the end", Script([*spoken(tokens(), pause=0.001), gate]))
    chat.ask("at the end")
    chat.wait_for_text("And a last paragraph")
    line = chat.answer.locator(".message__status")
    expect(line).to_be_in_viewport()
    chat.page.locator("#main").evaluate("(reader) => reader.scrollTo(0, 0)")
    expect(line).not_to_be_in_viewport()
    gate.open()
    chat.wait_for_state("complete")


def test_the_quiet_line_counts_while_text_comes(chat: ChatPage, models: ModelServer):
    gate = Gate()
    models.answer("counted", Script([*spoken(["a few words "] * 120), gate, Delta("and the last.")]))
    chat.ask("counted")
    line = chat.answer.locator(".message__status")
    expect(line).to_have_text(re.compile(r"^scripted · first token (< 1 ms|[\d.]+ s) · ≈ \d+ tok/s · ≈ \d+ tokens$"))
    gate.open()
    chat.wait_for_state("complete")
    expect(line).not_to_contain_text("≈")


def test_versions_that_are_not_there_have_no_block_behind_them(chat: ChatPage, models: ModelServer):
    models.answer("versions", Script(spoken(["one"])))
    chat.ask("versions")
    chat.wait_for_state("complete")
    chat.press("Write again")
    there_is_none = chat.page.get_by_role("button", name="The next version")
    expect(there_is_none).to_be_disabled()
    chat.wait_for_state("complete")
    expect(there_is_none).to_have_css("background-color", "rgba(0, 0, 0, 0)")


def test_the_drawer_takes_and_returns_the_focus(chat: ChatPage):
    page = chat.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate(PAINTED)  # the page hears of its width with a frame, and closes the drawer then
    until(lambda: not page.locator(".sidebar").is_visible(), "the drawer is closed")
    opener = page.get_by_role("button", name="Open the list of chats")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="New chat")).to_be_visible()
    expect(page.locator(".page")).to_have_js_property("inert", True)
    expect(page.locator(".sidebar [data-sidebar-close]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    expect(page.locator(".page")).to_have_js_property("inert", False)
    page.keyboard.press("Enter")
    expect(page.locator(".page")).to_have_js_property("inert", True)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.evaluate(PAINTED)
    expect(opener).to_have_attribute("aria-expanded", "false")


def test_a_theme_is_shown_when_chosen_and_kept_when_saved(chat: ChatPage):
    page = chat.page
    page.goto("/settings/")
    page.get_by_text("Dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_text("Same as device", exact=True).click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")


def test_copy_gives_the_code_and_says_so(chat: ChatPage, models: ModelServer):
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    models.answer("to copy", Script(spoken(["```python\n", "print('ü <b>')\n", "```\n"])))
    chat.ask("to copy")
    chat.wait_for_state("complete")
    chat.wait_until_connected()
    chat.page.bring_to_front()  # a clipboard belongs to the page in front
    chat.answer.locator(".code").get_by_role("button", name="Copy").click()
    expect(chat.page.locator("#announcer")).to_have_text("Copied.")
    assert chat.page.evaluate("navigator.clipboard.readText()") == "print('ü <b>')\n"


def test_a_chat_is_renamed_and_deleted(chat: ChatPage, models: ModelServer):
    models.answer("to delete", Script(spoken(["ok"])))
    chat.ask("to delete")
    chat.wait_for_state("complete")
    page = chat.page
    page.get_by_role("button", name="Actions on this chat").click()
    page.get_by_role("button", name="Rename").first.click()
    page.get_by_label("Title").fill("   ")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Title")).to_have_js_property("validity.valid", False)
    page.get_by_label("Title").fill("A better name")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="A better name")).to_be_visible()
    page.wait_for_load_state("load")  # the new title comes with a new page, whose modules open the dialogs
    page.get_by_role("button", name="Actions on this chat").click()
    page.get_by_role("button", name="Delete").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("“A better name” was deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="A better name")).to_have_count(0)
