"""One person, one page: ask, watch, stop, queue, take back, keep a draft, all by what they see."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.chat_page import ChatPage
from tests.support.model_server import ModelServer
from tests.support.scripts import Delta, Gate, Script, spoken
from tests.support.server import ChatServer
from tests.support.waiting import until

pytestmark = pytest.mark.browser


def test_the_answer_grows_while_it_is_written(chat: ChatPage, models: ModelServer):
    gates = [Gate(), Gate()]
    script = [*spoken(["First part. "]), gates[0], *spoken(["Second part. "]), gates[1], *spoken(["Third part."])]
    models.answer("grow", Script(script))
    chat.ask("grow")
    chat.wait_for_text("First part.")
    assert chat.wait_for_state("running")
    assert "Second" not in chat.text()
    gates[0].open()
    chat.wait_for_text("Second part.")
    assert chat.wait_for_state("running")
    gates[1].open()
    chat.wait_for_state("complete")
    assert chat.text().strip() == "First part. Second part. Third part."
    request = models.for_prompt("grow")[0].request
    assert request["model"] == "scripted"
    assert request["stream"] is True
    assert request["messages"][-1] == {"role": "user", "content": "grow"}


def test_the_whole_conversation_is_sent_to_the_model(chat: ChatPage, models: ModelServer):
    models.answer("first", Script(spoken(["One."])))
    models.answer("second", Script(spoken(["Two."])))
    chat.ask("the first")
    chat.wait_for_state("complete")
    chat.ask("the second")
    until(lambda: chat.answers.count() == 2, "a second answer is on the page")
    chat.wait_for_state("complete")
    sent = models.for_prompt("the second")[0].request["messages"]
    assert [(one["role"], one["content"]) for one in sent if one["role"] != "system"] == [
        ("user", "the first"),
        ("assistant", "One."),
        ("user", "the second"),
    ]


def test_thinking_is_folded_away(chat: ChatPage, models: ModelServer):
    gate = Gate()
    script = [*spoken(["secret ", "thoughts"], part="thinking"), Delta("The answer."), gate, Delta(" End.")]
    models.answer("think", Script(script))
    chat.ask("think")
    chat.wait_for_text("The answer.")
    gate.open()
    chat.wait_for_state("complete")
    details = chat.answer.locator("details")
    expect(details).to_have_count(1)
    assert details.get_attribute("open") is None
    assert "secret thoughts" in (details.text_content() or "")
    details.locator("summary").click()
    expect(details.get_by_text("secret thoughts")).to_be_visible()


def test_markdown_is_rendered_and_raw_html_is_text(chat: ChatPage, models: ModelServer):
    text = (
        "# Title\n\nSome **bold** and `code` and <b>raw</b>.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "```python\nprint('x')\n```\n\n"
        "[good](https://example.org/) [bad](javascript:alert(1)) ![img](data:text/html,x)\n"
    )
    models.answer("markdown", Script(spoken([text[i : i + 3] for i in range(0, len(text), 3)], pause=0.003)))
    chat.ask("markdown")
    chat.wait_for_state("complete")
    body = chat.answer.locator(".message__body")
    expect(body.locator("strong")).to_have_text("bold")
    expect(body.locator("li")).to_have_text(["one", "two"])
    expect(body.locator("td")).to_have_text(["1", "2"])
    assert (body.locator("pre code").text_content() or "").rstrip("\n") == "print('x')"
    expect(body.locator("b")).to_have_count(0)
    assert "<b>raw</b>" in (body.text_content() or "")
    [link] = body.locator("a[href]").all()
    assert link.get_attribute("href") == "https://example.org/"
    assert set((link.get_attribute("rel") or "").split()) >= {"noopener", "nofollow"}
    expect(body.locator("img, script, iframe")).to_have_count(0)


def test_stop_keeps_the_text(chat: ChatPage, models: ModelServer, server: ChatServer):
    models.answer("long story", Script([*spoken([f"w{n:05d} " for n in range(200)]), Gate()]))
    chat.ask("long story")
    chat.wait_for_text("w00020")
    chat.press("Stop the answer")
    chat.wait_for_state("cancelled")
    exchange = models.for_prompt("long story")[0]
    assert exchange.over.wait(30)
    assert exchange.closed_at is not None
    [answer] = server.log.checked(chat.conversation)
    assert answer.terminal == "cancelled"
    assert chat.text().split() == answer.text.split()


def test_escape_stops(chat: ChatPage, models: ModelServer):
    models.answer("endless", Script([*spoken(["on and on "] * 200), Gate()]))
    chat.ask("endless")
    chat.wait_for_text("on and on")
    expect(chat.page.get_by_role("button", name="Stop the answer")).to_be_visible()
    chat.page.keyboard.press("Escape")
    chat.wait_for_state("cancelled")


def test_a_prompt_waits_for_the_answer_before_it(chat: ChatPage, models: ModelServer, server: ChatServer):
    gate = Gate()
    models.answer("slow one", Script([Delta("Thinking about it. "), gate, Delta("Done.")]))
    models.answer("queued one", Script(spoken(["Your turn came."])))
    chat.ask("slow one")
    chat.wait_for_text("Thinking about it.")
    chat.ask("queued one")
    expect(chat.questions).to_have_count(2)
    expect(chat.questions.last).to_have_attribute("data-state", "queued")
    assert not models.for_prompt("queued one")
    gate.open()
    until(lambda: models.for_prompt("queued one"), "the queued prompt reaches the model")
    chat.wait_for_state("complete")
    assert chat.text().strip() == "Your turn came."
    expect(chat.questions.last).not_to_have_attribute("data-state", "queued")
    assert [answer.terminal for answer in server.log.checked(chat.conversation)] == ["complete", "complete"]


def test_a_waiting_prompt_can_be_taken_back(chat: ChatPage, models: ModelServer, server: ChatServer):
    gate = Gate()
    models.answer("busy one", Script([Delta("Busy. "), gate, Delta("Done.")]))
    chat.ask("busy one")
    chat.wait_for_text("Busy.")
    chat.ask("a mistake")
    expect(chat.questions).to_have_count(2)
    chat.questions.last.get_by_role("button", name=re.compile("Take back|Remove", re.IGNORECASE)).click()
    expect(chat.questions).to_have_count(1)
    gate.open()
    chat.wait_for_state("complete")
    chat.page.reload()
    expect(chat.questions).to_have_count(1)
    assert not models.for_prompt("a mistake")
    assert sorted(run.state for run in server.log.runs(chat.conversation)) == ["cancelled", "complete"]


def test_retry_makes_a_sibling_and_both_stay(chat: ChatPage, models: ModelServer):
    answers = iter(["the first version", "the second version"])
    models.answer("versions", lambda _exchange: Script(spoken([next(answers)])))
    chat.ask("versions")
    chat.wait_for_state("complete")
    first = chat.answer.get_attribute("data-run")
    chat.press("Write again")
    until(lambda: chat.answer.get_attribute("data-run") != first, "the sibling is shown")
    chat.wait_for_state("complete")
    assert chat.text().strip() == "the second version"
    expect(chat.answers).to_have_count(1)


def test_continue_goes_on_after_a_stop(chat: ChatPage, models: ModelServer, server: ChatServer):
    gate = Gate()
    models.answer("two halves", Script([Delta("The first half"), gate]))
    chat.ask("two halves")
    chat.wait_for_text("The first half")
    chat.press("Stop the answer")
    chat.wait_for_state("cancelled")
    models.answer("", Script(spoken([" and the second."])))
    models.answer("two halves", Script(spoken([" and the second."])))
    first = chat.answer.get_attribute("data-run")
    chat.press("Continue")
    until(lambda: chat.answer.get_attribute("data-run") != first, "the continuation is shown")
    chat.wait_for_state("complete")
    shown = " ".join(chat.text(answer) for answer in chat.answers.all())
    assert " ".join(shown.split()) == "The first half and the second."
    second = server.log.runs(chat.conversation)[-1]
    assert second.continues == first
    sent = models.exchanges[-1].request["messages"]
    assert any("The first half" in str(message["content"]) for message in sent)


def test_reading_further_up_is_left_alone_and_jump_returns(chat: ChatPage, models: ModelServer):
    gate = Gate()
    script = [*spoken([f"Paragraph {n}.\n\n" for n in range(80)], pause=0.002), gate]
    script += spoken([f"Later {n}.\n\n" for n in range(40)], pause=0.002)
    models.answer("scroll", Script(script))
    chat.ask("scroll")
    chat.wait_for_text("Paragraph 79.")
    expect(chat.answer.get_by_text("Paragraph 79.")).to_be_in_viewport()
    reader = chat.page.locator("#main")
    reader.hover()
    chat.page.mouse.wheel(0, -2000)
    jump = chat.page.get_by_role("button", name="Jump to the latest")
    expect(jump).to_be_visible()
    before = reader.evaluate("(element) => element.scrollTop")
    gate.open()
    chat.wait_for_state("complete")
    assert reader.evaluate("(element) => element.scrollTop") == before
    jump.click()
    expect(chat.answer.get_by_text("Later 39.")).to_be_in_viewport()


def test_the_title_and_the_list_follow_the_first_prompt(chat: ChatPage, models: ModelServer):
    models.answer("capital of Italy", Script(spoken(["Rome"])))
    chat.ask("What is the capital of Italy?")
    chat.wait_for_state("complete")
    expect(chat.page.get_by_role("heading", name="What is the capital of Italy?")).to_be_visible()
    chat.page.goto("/")
    chat.page.get_by_role("link", name="What is the capital of Italy?").first.click()
    assert chat.text().strip() == "Rome"
