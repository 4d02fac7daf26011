"""A provider is made from what a person typed, and lists its models."""

import pytest

from streaming.errors import InvalidInputError
from streaming.llm import KINDS, Connection, ModelInfo, connect
from streaming.llm.errors import (
    AuthenticationError,
    ModelTimeoutError,
    ModelUnreachableError,
    NotAStreamError,
    UnknownAddressError,
)
from streaming.llm.exchange import Endpoint, fetch_json
from streaming.llm.timeouts import Timeouts
from tests.support.scripted_api import document, pieces

KEY = "sk-very-secret-1234"


def test_connect_knows_its_kinds():
    assert KINDS == ("openai", "anthropic", "ollama", "demo")
    assert [connect(kind).name for kind in KINDS] == list(KINDS)
    assert [connect(kind).prefills for kind in KINDS] == [False, False, False, True]
    with pytest.raises(InvalidInputError, match="no kind of model API named gemini"):
        connect("gemini")


@pytest.mark.parametrize(
    "address",
    [
        "ftp://host",
        "host/v1",
        "http://",
        "http://user:pw@host/v1",
        "http://host/v1?a=b",
        "http://host/#x",
        "http://h:x",
        "http://[",
        "http://my..host/v1",
        "http://.local/v1",
        f"http://{'a' * 64}.lan/v1",
    ],
)
def test_connect_refuses_addresses_that_are_none(address):
    with pytest.raises(InvalidInputError, match="looks like https://host/v1"):
        connect("openai", base_url=address)


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "ключ", "a\x00b"])
def test_connect_refuses_keys_that_are_none(key):
    with pytest.raises(InvalidInputError, match="characters that no API key has") as caught:
        connect("openai", api_key=key)
    assert key not in str(caught.value)


async def test_connect_forgives_blanks_and_slashes(api):
    api.answers.append(document({"data": []}))

    assert await connect("openai", base_url=f" {api.url}/v1/ ", api_key=f" {KEY}\n").models() == []
    [(method, path, headers, _)] = api.requests
    assert (method, path, headers["Authorization"]) == ("GET", "/v1/models", f"Bearer {KEY}")


async def test_ollama_takes_what_its_variable_may_be(api):
    api.answers.append(document({"models": []}))
    host, port = api.url.removeprefix("http://").split(":")

    for address in (f"{host}:{port}", f":{port}", f"0.0.0.0:{port}", api.url):
        assert await connect("ollama", base_url=address).models() == []
    with pytest.raises(InvalidInputError, match="looks like"):
        connect("ollama", base_url="box:port")


async def test_key_is_in_no_repr():
    endpoint = Endpoint("http://127.0.0.1", {"Authorization": KEY}, KEY, Timeouts())
    connection = Connection("openai", api_key=KEY)

    assert KEY not in f"{endpoint!r} {connection!r} {connection.connect()!r}"


async def test_openai_lists_models_by_name(api):
    entries = [{"id": "b", "context_length": 9}, {"id": "a", "name": "A", "max_model_len": 7}, {"object": "x"}, "y"]
    api.answers.append(document({"object": "list", "data": entries}))

    assert await connect("openai", base_url=api.url).models() == [ModelInfo("a", "A", 7), ModelInfo("b", "", 9)]
    assert "Authorization" not in api.requests[0][2]


async def test_anthropic_lists_models_as_they_come(api):
    entries = [{"id": "claude-z", "display_name": "Claude Z"}, {"id": "claude-a"}]
    api.answers.append(document({"data": entries, "has_more": False}))

    for base_url in (api.url, api.url + "/v1"):
        found = await connect("anthropic", base_url=base_url, api_key=KEY).models()
        assert found == [ModelInfo("claude-z", "Claude Z"), ModelInfo("claude-a")]
    assert {(path, headers["x-api-key"]) for _, path, headers, _ in api.requests} == {("/v1/models?limit=1000", KEY)}


async def test_ollama_lists_models(api):
    api.answers.append(document({"models": [{"name": "llama3:8b", "size": 5}, {"name": "qwen3"}]}))

    for base_url in (api.url, api.url + "/v1", api.url + "/api"):
        found = await connect("ollama", base_url=base_url).models()
        assert found == [ModelInfo("llama3:8b"), ModelInfo("qwen3")]
    assert {path for _, path, *_ in api.requests} == {"/api/tags"}


@pytest.mark.parametrize("kind", ["openai", "anthropic", "ollama"])
async def test_check_says_what_does_not_work(api, kind):
    api.answers.extend(
        [
            document({"error": {"message": f"Bad key {KEY}"}}, 401),
            document(b"<html>", 404),
            document(b"<html>Welcome</html>"),
            document({"models": [], "data": []}),
        ]
    )
    source = connect(kind, base_url=api.url, api_key=KEY)

    for error in (AuthenticationError, UnknownAddressError, NotAStreamError):
        with pytest.raises(error) as caught:
            await source.check()
        assert KEY not in f"{caught.value!r} {caught.value.detail}"
    assert await source.check() == []
    with pytest.raises(ModelUnreachableError):
        await connect(kind, base_url="http://127.0.0.1:1", api_key=KEY).check()


@pytest.mark.parametrize("kind", ["openai", "anthropic", "ollama"])
@pytest.mark.parametrize("body", [[], 5, {"data": 5, "models": 5}, {"data": [[]], "models": [[]]}])
async def test_listing_of_something_else_lists_nothing(api, kind, body):
    api.answers.append(document(body))

    assert await connect(kind, base_url=api.url, api_key=KEY).models() == []


async def test_listing_of_a_host_that_cannot_be_is_an_error_in_words():
    with pytest.raises(ModelUnreachableError, match=r"no server named my\.\.host"):
        await fetch_json(Endpoint("http://my..host/v1", {}, "", Timeouts()), "/models")


async def test_listing_takes_no_longer_than_it_may(api):
    api.answers.append(pieces(b"{", 30))

    with pytest.raises(ModelTimeoutError) as caught:
        await fetch_json(Endpoint(api.url, {}, "", Timeouts()), "/models", seconds=0.2)
    assert caught.value.seconds == 0.2
