"""The body of an Anthropic messages request. Knows no HTTP and no answer."""

import json
from typing import Any

from streaming.errors import InvalidInputError
from streaming.llm.request import ChatMessage, ChatRequest

MAX_TOKENS = 8192  # the API wants a limit; every model that is still offered takes this one


def request_body(request: ChatRequest) -> dict[str, Any]:
    """`request` as Anthropic's API reference has it. Penalties do not exist there and are left out.

    Raises `InvalidInputError` for a temperature above 1.
    """
    parameters = request.parameters
    if parameters.temperature is not None and parameters.temperature > 1:
        raise InvalidInputError(f"Anthropic's models take a temperature from 0 to 1; {parameters.temperature} is not.")
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": parameters.max_tokens or MAX_TOKENS,
        "messages": [_message(message) for message in request.messages if _says_something(message)],
        "stream": request.stream,
    }
    system = "\n\n".join(message.text for message in request.messages if message.role == "system" and message.text)
    if system:
        body["system"] = system
    if parameters.temperature is not None:
        body["temperature"] = parameters.temperature
    if parameters.top_p is not None:
        body["top_p"] = parameters.top_p
    if parameters.stop:
        body["stop_sequences"] = list(parameters.stop)
    if request.tools:
        body["tools"] = [
            {
                "name": tool.name,
                "description": tool.description,
                "input_schema": tool.parameters or {"type": "object", "properties": {}},
            }
            for tool in request.tools
        ]
    return body


def _says_something(message: ChatMessage) -> bool:
    """The API refuses empty text, such as a failed answer leaves."""
    return message.role == "tool" or (message.role != "system" and bool(message.text.strip() or message.tool_calls))


def _message(message: ChatMessage) -> dict[str, Any]:
    if message.role == "tool":
        result = {"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.text}
        return {"role": "user", "content": [result]}
    if message.tool_calls:
        text = [{"type": "text", "text": message.text}] if message.text.strip() else []
        calls = [
            {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments or "{}")}
            for call in message.tool_calls
        ]
        return {"role": message.role, "content": [*text, *calls]}
    return {"role": message.role, "content": message.text}
