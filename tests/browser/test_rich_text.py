"""Formulas are typeset as they arrive, code blocks wrap and are saved, alerts stand out; nothing is loaded in vain."""

import pytest
from playwright.sync_api import expect

from tests.support.chat_page import ChatPage
from tests.support.model_server import ModelServer
from tests.support.scripts import Gate, Script, spoken
from tests.support.waiting import until

pytestmark = pytest.mark.browser
FORMULAS = r"""The area is $\pi r^2$.

$$
\int_0^1 x\,dx
= \frac{1}{2}
$$

It costs $5 or $6, not \(\badcommand{x}\).
"""


def loaded(chat: ChatPage) -> list[str]:
    """What of KaTeX the page asked for."""
    return chat.page.evaluate(
        "performance.getEntriesByType('resource').map(({name}) => name).filter((name) => name.includes('katex'))"
    )


def test_formulas_are_typeset_while_the_answer_arrives(chat: ChatPage, models: ModelServer):
    before, after = Gate(), Gate()
    script = Script([*spoken(["Some words first. "], pause=0), before, *spoken([*FORMULAS], pause=0.002), after])
    models.answer("formulas", script)
    chat.ask("formulas")
    chat.wait_for_text("Some words first")
    assert loaded(chat) == []
    before.open()
    expect(chat.answer.locator(".math .katex")).to_have_count(2)
    chat.wait_for_state("running")
    after.open()
    chat.wait_for_state("complete")
    expect(chat.answer.locator(".math-display .katex-display")).to_have_count(1)
    expect(chat.answer.locator(".math[title]")).to_have_text("\\badcommand{x}")
    expect(chat.answer.locator(".message__body")).to_contain_text("It costs $5 or $6")
    assert len([name for name in loaded(chat) if name.endswith(".js")]) == 1
    chat.page.reload()
    expect(chat.answer.locator(".math .katex")).to_have_count(2)


def test_selected_formulas_are_copied_as_tex(chat: ChatPage, models: ModelServer):
    models.answer("to select", Script(spoken(["Take $a^2$ now."])))
    chat.ask("to select")
    chat.wait_for_state("complete")
    expect(chat.answer.locator(".math .katex")).to_have_count(1)
    copied = chat.page.evaluate(
        """() => {
          getSelection().selectAllChildren(document.querySelector(".message__body .prose"));
          const data = new DataTransfer();
          const event = new ClipboardEvent("copy", { clipboardData: data, bubbles: true, cancelable: true });
          document.querySelector(".message__body .prose p").dispatchEvent(event);
          return data.getData("text/plain");
        }"""
    )
    assert copied.strip() == "Take $a^2$ now."


def test_the_copy_button_gives_formulas_as_tex(chat: ChatPage, models: ModelServer):
    models.answer("to copy", Script(spoken(["Take $a^2$ now.\n\n$$b_1$$\n"])))
    chat.ask("to copy")
    chat.wait_for_state("complete")
    expect(chat.answer.locator(".math .katex")).to_have_count(2)
    chat.page.evaluate(
        "document.addEventListener('copy', () => (window.copied = document.activeElement.value), { capture: true })"
    )
    chat.press("Copy")
    copied = until(lambda: chat.page.evaluate("window.copied"), "something was copied")
    assert copied.split() == ["Take", "$a^2$", "now.", "$$b_1$$"]
    expect(chat.answer.locator(".math .katex")).to_have_count(2)


def test_formulas_stay_readable_when_katex_cannot_be_loaded(chat: ChatPage, models: ModelServer, watch):
    watch.expect(r"katex", r"Failed to load resource")
    chat.page.route("**/katex*", lambda route: route.abort())
    models.answer("no katex", Script(spoken(["See $a^2+b^2$ here."])))
    chat.ask("no katex")
    chat.wait_for_state("complete")
    expect(chat.answer.locator(".message__body")).to_have_text("See a^2+b^2 here.")
    chat.page.unroute("**/katex*")


def test_code_wraps_and_stays_wrapped_when_it_is_coloured(chat: ChatPage, models: ModelServer):
    gate = Gate()
    line = "value = " + " + ".join(["something_long"] * 30)
    models.answer(
        "wrap", Script([*spoken(["```python\n", line, "\n"], pause=0), gate, *spoken(["```\n", "done"], pause=0)])
    )
    chat.ask("wrap")
    chat.wait_for_text("something_long")
    chat.wait_until_connected()  # a click before the scripts run is lost
    pre = chat.answer.locator("pre")
    overflows = "(pre) => pre.scrollWidth > pre.clientWidth"
    assert pre.evaluate(overflows)
    chat.press("Wrap")
    until(lambda: not pre.evaluate(overflows), "the lines are broken")
    gate.open()
    chat.wait_for_state("complete")
    expect(pre.locator("span").first).to_be_attached()
    until(lambda: not pre.evaluate(overflows), "the lines are broken")
    expect(chat.page.get_by_role("button", name="Wrap", exact=True)).to_have_attribute("aria-pressed", "true")
    chat.press("Wrap")
    until(lambda: pre.evaluate(overflows), "the line is one again")


def test_code_is_saved_as_a_file(chat: ChatPage, models: ModelServer, tmp_path):
    code = "SELECT 'é' AS \"<b>\";\n"
    models.answer("save", Script(spoken(["```sql\n", code, "```\n"])))
    chat.ask("save")
    chat.wait_for_state("complete")
    chat.wait_until_connected()
    with chat.page.expect_download() as saving:
        chat.press("Save")
    assert saving.value.suggested_filename == "code.sql"
    saving.value.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_text() == code


def test_alerts_say_what_they_are(chat: ChatPage, models: ModelServer):
    models.answer("alert", Script(spoken(["> [!WARNING]\n", "> Mind the gap.\n"])))
    chat.ask("alert")
    chat.wait_for_state("complete")
    expect(chat.answer.locator("blockquote.alert")).to_contain_text("Warning")
    expect(chat.answer.locator("blockquote.alert")).to_contain_text("Mind the gap.")
