"""Byte-exact over each wire format that a model API may speak."""

import re

import pytest

from tests.support import checker, corpus
from tests.support.chat_page import ChatPage
from tests.support.model_server import ModelServer
from tests.support.scripts import Script, spoken
from tests.support.server import ChatServer

pytestmark = pytest.mark.browser
PATHS = {"OpenAI": "/v1/chat/completions", "Anthropic": "/v1/messages", "Ollama": "/api/chat"}


@pytest.fixture(scope="module")
def environment(models: ModelServer) -> dict[str, str]:
    """One scripted server, known by three addresses."""
    return {
        "OPENAI_BASE_URL": models.openai_url,
        "OPENAI_API_KEY": "test-key",
        "ANTHROPIC_BASE_URL": models.url,
        "ANTHROPIC_API_KEY": "test-key",
        "OLLAMA_HOST": models.url,
    }


@pytest.mark.parametrize("api", PATHS)
def test_nasty_tokens_arrive_exactly_from_each_api(chat: ChatPage, models: ModelServer, server: ChatServer, api: str):
    prompt = f"speak {api}"
    thinking = spoken(["first ", "\ud83d", "\ude00", "</details>"], part="thinking", pause=0)
    models.answer(prompt, Script([*thinking, *spoken(corpus.fenced(api, 300, seed=len(api)), pause=0.005)]))
    chat.choose_model("scripted", connection=re.compile(api))
    chat.ask(prompt)
    exchange = models.wait_for_request(prompt)
    assert exchange.path == PATHS[api]
    chat.wait_for_state("complete")
    [answer] = server.log.checked(chat.conversation)
    checker.log_holds(answer, exchange, whole=True)
    body = chat.answer.locator(".message__body > pre code, .message__body .code code")
    checker.page_holds(answer.text, body.last.text_content() or "", "page")
    metadata = [event.data for event in answer.events if event.type == "metadata"]
    assert any((one.get("usage") or {}).get("output_tokens") == 22 for one in metadata)
