"""Requests as the API references have them, tools and tool results included."""

from streaming.events import ToolCall
from streaming.llm import ChatMessage, ChatRequest, Parameters, Tool
from streaming.llm.anthropic.body import request_body as anthropic_body
from streaming.llm.ollama.provider import request_body as ollama_body
from streaming.llm.openai.body import request_body as openai_body

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
CALL = ToolCall("c1", "add", '{"a": 1}', "completed")
REQUEST = ChatRequest(
    "m",
    (
        ChatMessage("system", "Be kind."),
        ChatMessage("user", "Add"),
        ChatMessage("assistant", "", (CALL,)),
        ChatMessage("tool", "2", tool_call_id="c1"),
    ),
    Parameters(0.5, 9, 0.9, 0.1, -0.1, ("x",)),
    (Tool("add", "Adds", SCHEMA), Tool("now")),
)
EMPTY = {"type": "object", "properties": {}}


def test_openai_body():
    function = {"name": "add", "arguments": '{"a": 1}'}
    assert openai_body(REQUEST, own_api=False) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Add"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "type": "function", "function": function}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "2"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "max_tokens": 9,
        "top_p": 0.9,
        "frequency_penalty": 0.1,
        "presence_penalty": -0.1,
        "stop": ["x"],
        "tools": [
            {"type": "function", "function": {"name": "add", "description": "Adds", "parameters": SCHEMA}},
            {"type": "function", "function": {"name": "now", "description": "", "parameters": EMPTY}},
        ],
    }


def test_openai_body_for_openai_itself_has_the_new_name():
    body = openai_body(REQUEST, own_api=True)

    assert (body.get("max_tokens"), body["max_completion_tokens"]) == (None, 9)


def test_anthropic_body():
    request = ChatRequest("m", (*REQUEST.messages, ChatMessage("assistant", "")), REQUEST.parameters, REQUEST.tools)

    assert anthropic_body(request) == {
        "model": "m",
        "max_tokens": 9,
        "system": "Be kind.",
        "messages": [
            {"role": "user", "content": "Add"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "2"}]},
        ],
        "stream": True,
        "temperature": 0.5,
        "top_p": 0.9,
        "stop_sequences": ["x"],
        "tools": [
            {"name": "add", "description": "Adds", "input_schema": SCHEMA},
            {"name": "now", "description": "", "input_schema": EMPTY},
        ],
    }


def test_ollama_body():
    assert ollama_body(REQUEST) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Add"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"function": {"name": "add", "arguments": {"a": 1}}}],
            },
            {"role": "tool", "content": "2"},
        ],
        "stream": True,
        "options": {
            "temperature": 0.5,
            "num_predict": 9,
            "top_p": 0.9,
            "frequency_penalty": 0.1,
            "presence_penalty": -0.1,
            "stop": ["x"],
        },
        "tools": [
            {"type": "function", "function": {"name": "add", "description": "Adds", "parameters": SCHEMA}},
            {"type": "function", "function": {"name": "now", "description": "", "parameters": {}}},
        ],
    }
