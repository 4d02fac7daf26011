"""Model APIs over real HTTP: what is sent, and what arrives."""

import asyncio
import json

import pytest

from streaming.events import Metadata, StreamingChunk, Usage
from streaming.llm import ChatMessage, ChatRequest, Parameters, Tool
from streaming.llm.errors import RequestRejectedError
from tests.support.asking import ASK, KEY, failed, provider, told
from tests.support.scripted_api import DONE, HELLO, document, pieces, text


async def test_openai_answers(api):
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'
    api.answers.append(pieces(text("Hel"), text("lo", "stop"), usage, DONE))

    assert await told(provider(api)) == [
        StreamingChunk("Hel"),
        StreamingChunk("lo"),
        Metadata("m-1", "stop", Usage(1, 2)),
    ]
    [(method, path, headers, body)] = api.requests
    assert (method, path, headers["Authorization"]) == ("POST", "/chat/completions", f"Bearer {KEY}")
    assert body == {
        "model": "m-1",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_anthropic_answers(api):
    events = [
        {"type": "message_start", "message": {"model": "c", "usage": {"input_tokens": 3}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hel"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
        {"type": "message_stop"},
    ]
    api.answers.append(pieces(*(f"event: x\ndata: {json.dumps(event)}\n\n".encode() for event in events)))
    request = ChatRequest("c", (ChatMessage("system", "Be kind."), ChatMessage("user", "Hi")))

    assert await told(provider(api, "anthropic"), request) == [
        StreamingChunk("Hel"),
        StreamingChunk("lo"),
        Metadata("c", "stop", Usage(3, 4)),
    ]
    [(_, path, headers, body)] = api.requests
    assert (path, headers["x-api-key"], headers["anthropic-version"]) == ("/v1/messages", KEY, "2023-06-01")
    assert body == {
        "model": "c",
        "max_tokens": 8192,
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "system": "Be kind.",
    }


async def test_ollama_answers(api):
    lines = (
        b'{"model":"o","message":{"role":"assistant","content":"Hi"},"done":false}\n',
        b'{"model":"o","message":{"content":""},"done":true,"done_reason":"stop","eval_count":1}\n',
    )
    api.answers.append(pieces(*lines, content_type="application/x-ndjson"))

    parameters = Parameters(0.5, 9, 0.9, stop=("x",))
    assert await told(provider(api, "ollama"), ChatRequest("o", ASK.messages, parameters)) == [
        StreamingChunk("Hi"),
        Metadata("o", "stop", Usage(None, 1)),
    ]
    [(_, path, _, body)] = api.requests
    assert path == "/api/chat"
    assert body["options"] == {"temperature": 0.5, "num_predict": 9, "top_p": 0.9, "stop": ["x"]}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("openai", {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}),
        ("anthropic", {"type": "message", "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"}),
        ("ollama", {"message": {"content": "Hi"}, "done": True, "done_reason": "stop"}),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
async def test_model_that_does_not_stream_still_answers(api, kind, body, stream):
    api.answers.append(document(body))

    events = await told(provider(api, kind), ChatRequest("m-1", ASK.messages, stream=stream))

    assert (events[0], events[-1].finish_reason) == (StreamingChunk("Hi"), "stop")
    assert api.bodies[0]["stream"] is stream


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        ("stream", {"message": "Unsupported value", "param": "stream", "code": "unsupported_value"}),
        ("stream_options", {"message": "extra fields not permitted: 'stream_options'"}),
        ("max_tokens", {"message": "Use 'max_completion_tokens' instead.", "param": "max_tokens"}),
    ],
)
async def test_openai_does_without_what_a_server_refuses(api, refused, error):
    api.answers.extend([document({"error": error}, 400), pieces(*HELLO)])
    request = ChatRequest("m-1", ASK.messages, Parameters(max_tokens=7))

    assert (await told(provider(api), request))[0] == StreamingChunk("Hel")

    first, second = api.bodies
    assert first[refused]
    assert not second.get(refused)
    assert (second.get("max_tokens"), second.get("max_completion_tokens")) == (
        (None, 7) if refused == "max_tokens" else (7, None)
    )


async def test_openai_raises_what_it_cannot_do_without(api):
    api.answers.append(document({"error": {"message": "Bad tool", "param": "tools"}}, 400))

    _, error = await failed(provider(api), ChatRequest("m-1", ASK.messages, tools=(Tool("t"),)))

    assert (type(error), error.param, len(api.requests)) == (RequestRejectedError, "tools", 1)


async def test_many_streams_at_once_keep_their_histories_apart(api):
    async def echo(request):
        prompt = (await request.json())["messages"][-1]["content"]
        return await pieces(text(prompt), 0.02, text("!", "stop"), DONE)(request)

    api.answers.append(echo)
    source = provider(api)

    answers = await asyncio.gather(
        *(told(source, ChatRequest("m-1", (ChatMessage("user", f"p{number}"),))) for number in range(50))
    )

    assert [events[0].delta for events in answers] == [f"p{number}" for number in range(50)]


async def test_prompt_of_a_megabyte_arrives(api):
    api.answers.append(pieces(*HELLO))
    prompt = "é\n" * 350_000

    await told(provider(api), ChatRequest("m-1", (ChatMessage("user", prompt),)))

    assert api.bodies[0]["messages"][0]["content"] == prompt
