"""What goes wrong outside is told in the page and typed in the log. Nothing is lost or hangs; the next prompt works."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote_plus

import pytest
from playwright.sync_api import APIResponse, BrowserContext, expect

from tests.support import checker
from tests.support.chat_page import ChatPage
from tests.support.log_reader import Answer
from tests.support.model_server import ModelServer
from tests.support.scripts import Cut, Delta, EndlessLine, Fail, Raw, Script, refusal, spoken
from tests.support.server import ChatServer, running_server

pytestmark = pytest.mark.browser
HALF = b'data: {"choices": [{"delta": {"content": "half a to'
HTML = b"<!doctype html><title>Gateway</title><h1>502 Bad Gateway</h1>"
KEPT = "what had arrived "

# what the model does, the code of the typed error, a word that the page says, the text that is kept
FAILURES = {
    "401": (refusal(401, "Incorrect API key provided"), "model_authentication", "key", ""),
    "429": (refusal(429, "Rate limit reached", Retry_After="1"), "rate_limited", "no more requests", ""),
    "500": (refusal(500, "The server had an error"), "model_unavailable", "out of order", ""),
    "404": (refusal(404, "The model `x` does not exist"), "unknown_model", "does not know the model", ""),
    "html": (Script(body=HTML, content_type="text/html"), "not_a_stream", "web page answered", ""),
    "html error": (Script(status=502, body=HTML, content_type="text/html"), "model_unavailable", "out of order", ""),
    "cut": (Script([*spoken([KEPT], pause=0), Cut(HALF)]), "model_cut", "cut off", KEPT),
    "end without finish": (Script([Delta(KEPT), Cut()]), "model_cut", "cut off", KEPT),
    "error in mid-stream": (Script([Delta(KEPT), Fail()]), "model_", "kept", KEPT),
    "endless line": (Script([Delta(KEPT), EndlessLine()]), "malformed_stream", "kept", KEPT),
    "no JSON": (Script([Delta(KEPT), Raw(b"data: {nonsense\n\n")]), "malformed_stream", "kept", KEPT),
}


def ends_in_error(chat: ChatPage, server: ChatServer, code: str, says: str, kept: str) -> Answer:
    """The newest answer is an error: in the log with `code`, in the page with a sentence, its text kept."""
    chat.wait_for_state("error")
    answer = server.log.checked(chat.conversation)[-1]
    told = answer.events[-1].data
    assert told["code"].startswith(code), told
    assert len(told["message"].split()) > 3
    checker.same(kept, answer.text, "what is kept in the log")
    expect(chat.answer).to_contain_text(told["message"])
    expect(chat.answer).to_contain_text(re.compile(says))
    if kept:
        expect(chat.answer.locator(".message__body")).to_contain_text(kept.strip())
    said = chat.answer.locator(".message__notice").inner_text()
    assert said.count("kept") == bool(kept), said
    expect(chat.answer.get_by_role("button", name="Retry")).to_be_visible()
    return answer


def next_prompt_works(chat: ChatPage, models: ModelServer) -> None:
    models.answer("and now", Script(spoken(["it ", "works"])))
    before = chat.answers.count()
    chat.ask("and now")
    expect(chat.answers).to_have_count(before + 1)
    chat.wait_for_state("complete")
    assert chat.text().strip() == "it works"


@pytest.mark.parametrize("failure", FAILURES)
def test_failure_of_the_model_is_told(chat: ChatPage, models: ModelServer, server: ChatServer, failure: str):
    script, code, says, kept = FAILURES[failure]
    prompt = f"fail by {failure}!"
    models.answer(prompt, script)
    chat.ask(prompt)
    ends_in_error(chat, server, code, says, kept)
    chat.page.reload()
    ends_in_error(chat, server, code, says, kept)
    next_prompt_works(chat, models)


def test_a_model_api_that_is_down_is_told(chat: ChatPage, models: ModelServer, server: ChatServer):
    models.down()
    try:
        chat.ask("is anybody there")
        ends_in_error(chat, server, "model_unreachable", "Nothing answers", "")
    finally:
        models.up()
    next_prompt_works(chat, models)


def test_retry_after_an_error_answers(chat: ChatPage, models: ModelServer, server: ChatServer):
    models.answer("fragile", FAILURES["401"][0])
    chat.ask("fragile")
    ends_in_error(chat, server, "model_authentication", "key", "")
    models.answer("fragile", Script(spoken(["mended"])))
    chat.press("Retry")
    chat.wait_for_state("complete")
    assert chat.text().strip() == "mended"


def test_an_overloaded_model_is_asked_again_before_its_first_token(chat: ChatPage, models: ModelServer):
    refused = refusal(429, "slow down", Retry_After="1")
    answers = iter([refused, Script(spoken(["at ", "last"]))])
    models.answer("patient", lambda _exchange: next(answers))
    chat.ask("patient")
    chat.wait_for_state("complete")
    assert chat.text().strip() == "at last"
    first, second = models.for_prompt("patient")
    assert second.started - first.started >= 1


def test_a_model_that_cannot_stream_still_answers(chat: ChatPage, models: ModelServer):
    models.answer("whole", Script([Delta("all at once")], streams=False))
    chat.ask("whole")
    chat.wait_for_state("complete")
    assert chat.text().strip() == "all at once"


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
def test_an_empty_prompt_is_not_sent(chat: ChatPage, models: ModelServer, text: str):
    before = len(models.exchanges)
    chat.send(text)
    refused = post(chat, text)
    assert refused.status == 400
    assert "nothing to send" in refused.json()["message"]
    assert len(models.exchanges) == before
    next_prompt_works(chat, models)


def test_a_prompt_of_a_megabyte_is_refused_and_kept(chat: ChatPage, models: ModelServer):
    text = "nine more " * 100_000
    chat.send(text)
    told = chat.page.get_by_role("alert").filter(has_text="1,000,000")
    expect(told).to_be_visible()
    assert chat.composer.input_value() == text
    chat.composer.fill("nine more " * 40_001)
    expect(told).to_be_visible()
    chat.composer.fill("nine more " * 40_000)
    expect(told).to_be_hidden()
    refused = post(chat, text)
    assert refused.status == 400
    assert "1,000,000" in refused.json()["message"]
    next_prompt_works(chat, models)


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        (quote_plus("nul \x00 inside"), "nul \ufffd inside"),
        ("invalid %ff%fe UTF-8", "invalid \ufffd\ufffd UTF-8"),
        ("half %ed%a0%bd pair", None),
    ],
    ids=["NUL", "invalid UTF-8", "surrogate"],
)
def test_undefined_characters_become_replacements(
    chat: ChatPage, models: ModelServer, server: ChatServer, body: str, asked: str | None
):
    models.answer("", Script(spoken(["understood"])))
    before = len(models.exchanges)
    accepted = post(chat, body, encoded=True)
    assert accepted.status in {200, 201}
    chat.page.goto(accepted.json()["location"])
    chat.wait_for_state("complete")
    prompt = models.exchanges[before].prompt
    assert "\ufffd" in prompt
    assert asked in {None, prompt}
    assert prompt in (chat.questions.last.text_content() or "")
    next_prompt_works(chat, models)


def test_an_unknown_model_is_refused(chat: ChatPage, models: ModelServer):
    for reference in ("nonsense", "nonsense/scripted", "/", "demo/../x", "\x00"):
        refused = post(chat, "hello", model=reference)
        assert refused.status == 400
        assert "not available" in refused.json()["message"]
    next_prompt_works(chat, models)


@pytest.fixture
def keyless_server(tmp_path, models: ModelServer) -> Iterator[ChatServer]:
    with running_server(tmp_path / "data", environment={"OPENAI_BASE_URL": models.openai_url}) as server:
        yield server


def test_a_missing_key_is_told(
    keyless_server: ChatServer, new_context: Callable[..., BrowserContext], models: ModelServer
):
    """No key is configured and the API asks for one."""
    models.answer("who am I", FAILURES["401"][0])
    chat = ChatPage(new_context(keyless_server.url, keyless_server.sign_in()).new_page()).open_new()
    chat.ask("who am I")
    ends_in_error(chat, keyless_server, "missing_key", "key", "")
    next_prompt_works(chat, models)


def post(chat: ChatPage, text: str, *, model: str = "", encoded: bool = False) -> APIResponse:
    """Send a prompt as a script would, past what the page checks itself."""
    token = next(c["value"] for c in chat.page.context.cookies() if c["name"] == "csrftoken")
    base = chat.page.url.split("/", 3)
    origin = f"{base[0]}//{base[2]}"
    chosen = model or chat.page.locator("select[name=model]").input_value()
    body = f"text={text if encoded else quote_plus(text)}&model={quote_plus(chosen)}"
    headers = {
        "X-CSRFToken": token,
        "Origin": origin,
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return chat.page.request.post(f"{origin}/prompts/", data=body.replace(" ", "+").encode(), headers=headers)
