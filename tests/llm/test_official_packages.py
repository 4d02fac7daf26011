"""Our decoders and the official packages make the same of the same bytes."""

import json

import anthropic
import httpx2
import openai
import pytest

from streaming.events import Metadata, StreamingChunk, ToolCall, Usage
from streaming.llm.anthropic.decoding import AnthropicDecoder
from streaming.llm.openai.decoding import OpenAIDecoder
from tests.support.recordings import recordings, required


def answering(body):
    """An HTTP client that answers every request with `body`; nothing leaves the process."""
    headers = {"content-type": "text/event-stream"}
    return httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=body)))


def ours(decoder, body):
    events = decoder.feed(body) + decoder.close()
    text = "".join(event.delta for event in events if isinstance(event, StreamingChunk) and event.part == "text")
    thinking = "".join(event.delta for event in events if isinstance(event, StreamingChunk) and event.part != "text")
    calls = [event for event in events if isinstance(event, ToolCall) and event.status == "executing"]
    told = [event for event in events if isinstance(event, Metadata)]
    return text, thinking, calls, (told[-1] if told else Metadata()), decoder.failure


def text_of(content):
    """OpenAI's package hands on what Mistral puts in place of text: a list of parts."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if part["type"] == "text")
    return content or ""


def by_openai(body):
    client = openai.OpenAI(api_key="none", base_url="http://127.0.0.1:1/v1", http_client=answering(body))
    text, calls, usage, reason, error = "", {}, None, None, None
    try:
        for chunk in client.chat.completions.create(model="m", messages=[], stream=True):
            usage = chunk.usage or usage
            for choice in chunk.choices:
                text += text_of(choice.delta.content)
                reason = choice.finish_reason or reason
                for call in choice.delta.tool_calls or []:
                    known = calls.setdefault(call.index, [call.id, call.function.name, ""])
                    known[2] += call.function.arguments or ""
    except openai.APIError as raised:
        error = raised
    return text, list(calls.values()), usage, reason, error


@pytest.mark.parametrize("recording", recordings("openai-chat"))
def test_openai_package_agrees(recording):
    body = required(recording).body
    text, _, calls, told, failure = ours(OpenAIDecoder(), body)

    their_text, their_calls, usage, reason, error = by_openai(body)

    assert text == their_text
    assert [[call.id, call.name, call.arguments] for call in calls] == their_calls
    assert (failure is None) == (error is None)
    if failure is not None:
        assert failure.detail == error.body["message"]
    assert told.finish_reason == (reason or "")
    if usage is not None:
        prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
        top = (usage.model_extra or {}).get("cached_tokens")
        assert told.usage == Usage(
            usage.prompt_tokens,
            usage.completion_tokens,
            completion.reasoning_tokens if completion else None,
            prompt.cached_tokens if prompt else top,
        )


REASONS = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls"}


@pytest.mark.parametrize("recording", recordings("anthropic-messages"))
def test_anthropic_package_agrees(recording):
    body = required(recording).body
    text, thinking, calls, told, failure = ours(AnthropicDecoder(), body)

    client = anthropic.Anthropic(api_key="none", base_url="http://127.0.0.1:1", http_client=answering(body))
    with client.beta.messages.stream(model="m", messages=[], max_tokens=1) as stream:
        final = stream.get_final_message()

    blocks = final.content
    assert failure is None
    assert text == "".join(block.text for block in blocks if block.type == "text")
    assert thinking == "".join(block.thinking for block in blocks if block.type == "thinking")
    assert [(call.id, call.name, json.loads(call.arguments)) for call in calls] == [
        (block.id, block.name, block.input)
        for block in blocks
        if block.type in {"tool_use", "server_tool_use", "mcp_tool_use"}
    ]
    assert told.model == final.model
    assert told.finish_reason == REASONS[final.stop_reason]
    details = final.usage.output_tokens_details
    assert told.usage == Usage(
        final.usage.input_tokens,
        final.usage.output_tokens,
        details.thinking_tokens if details else None,
        final.usage.cache_read_input_tokens,
    )
