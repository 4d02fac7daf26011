"""The body of a chat completions request. Knows no HTTP and no answer."""

from typing import Any

from streaming.llm.request import ChatMessage, ChatRequest


def request_body(request: ChatRequest, *, own_api: bool) -> dict[str, Any]:
    """`request` as OpenAI's API reference has it; `own_api`: OpenAI itself, whose newer models want other names."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [_message(message) for message in request.messages],
        "stream": request.stream,
    }
    if request.stream:
        body["stream_options"] = {"include_usage": True}
    parameters = request.parameters.as_dict()
    if own_api and "max_tokens" in parameters:
        parameters["max_completion_tokens"] = parameters.pop("max_tokens")
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters or {"type": "object", "properties": {}},
                },
            }
            for tool in request.tools
        ]
    return body | parameters


def without(body: dict[str, Any], refused: str) -> dict[str, Any] | None:
    """`body` as a server may take it that refused its field `refused`; `None` if nothing can be done."""
    field = refused.split(".", maxsplit=1)[0]
    if field not in body:
        return None
    kept = {name: value for name, value in body.items() if name != field}
    match field:
        case "stream_options":
            return kept
        case "stream":
            return {**kept, "stream": False} if body["stream"] else None
        case "max_tokens":
            return {**kept, "max_completion_tokens": body[field]}
        case "max_completion_tokens":
            return {**kept, "max_tokens": body[field]}
    return None


def _message(message: ChatMessage) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.text}
    if message.tool_calls:
        calls = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
            for call in message.tool_calls
        ]
        return {"role": message.role, "content": message.text or None, "tool_calls": calls}
    return {"role": message.role, "content": message.text}
