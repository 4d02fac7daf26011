"""The environment says which model APIs there are."""

import pytest

from streaming.llm import Connection, configured_connections, discover_connections
from streaming.llm.choosing import choose_provider
from streaming.llm.errors import MissingKeyError
from streaming.llm.ollama.address import ollama_address
from tests.support.scripted_api import document

NOBODY = "http://127.0.0.1:1"


def test_environment_without_models_configures_none():
    assert configured_connections({"PATH": "/bin", "OPENAI_API_KEY": " "}) == []


def test_environment_configures_each_kind():
    environ = {
        "OPENAI_API_KEY": "k1 ",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "ANTHROPIC_API_KEY": "k2",
        "OLLAMA_HOST": "box",
    }

    assert configured_connections(environ) == [
        Connection("openai", "http://127.0.0.1:9/v1", "k1", "OPENAI_BASE_URL, OPENAI_API_KEY"),
        Connection("anthropic", "", "k2", "ANTHROPIC_API_KEY"),
        Connection("ollama", "box", "", "OLLAMA_HOST"),
    ]


def test_environment_needs_no_key_for_a_server_of_ones_own():
    assert configured_connections({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}) == [
        Connection("openai", "http://127.0.0.1:9/v1", "", "OPENAI_BASE_URL")
    ]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("box", "http://box:11434"),
        ("box:99", "http://box:99"),
        (":99", "http://127.0.0.1:99"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:99", "http://127.0.0.1:99"),
        ("http://box", "http://box"),
        ("https://box/ollama/", "https://box/ollama"),
        ("http://0.0.0.0:99", "http://127.0.0.1:99"),
        ("", ""),
        ("https://box:99", "https://box:99"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:99", "http://[::1]:99"),
        ("[::]", "http://127.0.0.1:11434"),
    ],
)
def test_ollama_host_means_what_it_means_to_ollama(host, address):
    assert ollama_address(host) == address


async def test_ollama_on_its_usual_port_is_found_by_itself(api):
    api.answers.append(document({"models": []}))

    assert await discover_connections({}, ollama_url=api.url) == [
        Connection("ollama", api.url, source="found on this machine")
    ]
    assert await discover_connections({}, ollama_url=NOBODY) == []


async def test_ollama_that_is_named_is_not_looked_for(api):
    found = await discover_connections({"OLLAMA_HOST": "box"}, ollama_url=api.url)

    assert found == [Connection("ollama", "box", source="OLLAMA_HOST")]
    assert api.requests == []


BOTH = {"OPENAI_API_KEY": "k1", "ANTHROPIC_API_KEY": "k2"}


@pytest.mark.parametrize(
    ("model", "environ", "kind", "name"),
    [
        ("demo", {}, "demo", "demo"),
        ("gpt-9", BOTH, "openai", "gpt-9"),
        ("claude-9", BOTH, "anthropic", "claude-9"),
        ("openai/claude-9", BOTH, "openai", "claude-9"),
        ("anthropic/claude-9", BOTH, "anthropic", "claude-9"),
        ("anthropic/claude-9", {"OPENAI_API_KEY": "k"}, "openai", "anthropic/claude-9"),
        ("meta/llama", BOTH, "openai", "meta/llama"),
        ("ollama/llama3:8b", BOTH, "ollama", "llama3:8b"),
        ("claude-9", {"OLLAMA_HOST": "box"}, "ollama", "claude-9"),
    ],
)
async def test_model_finds_its_provider(model, environ, kind, name):
    provider, chosen = await choose_provider(model, environ=environ)

    assert (provider.name, chosen) == (kind, name)


async def test_model_without_any_provider_says_what_to_set():
    with pytest.raises(MissingKeyError, match="Set OPENAI_API_KEY or ANTHROPIC_API_KEY, or start Ollama"):
        await choose_provider("gpt-9", environ={})
