"""Ollama on this machine or another. Knows no byte of an answer."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from streaming.events import EventData
from streaming.llm.decoding import as_list, as_mapping, as_text
from streaming.llm.exchange import Endpoint, fetch_json, stream_answer
from streaming.llm.ollama.decoding import OllamaDecoder
from streaming.llm.provider import ModelInfo
from streaming.llm.request import ChatMessage, ChatRequest
from streaming.llm.timeouts import Timeouts

BASE_URL = "http://127.0.0.1:11434"
_OPTIONS = {"max_tokens": "num_predict"}  # the other parameters have the names of ours


class OllamaProvider:
    """`/api/chat` at `base_url`; a key is sent as bearer token, for an Ollama behind a gateway."""

    name = "ollama"
    prefills = False  # models that think begin anew instead of going on

    def __init__(self, *, base_url: str = "", api_key: str = "", timeouts: Timeouts) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        root = (base_url or BASE_URL).removesuffix("/v1").removesuffix("/api")
        self._endpoint = Endpoint(root, headers, api_key, timeouts)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[EventData]:
        """As `Provider.stream`."""
        endpoint = self._endpoint if request.stream else self._endpoint.answering_at_once()
        answer = stream_answer(endpoint, "/api/chat", request_body(request), OllamaDecoder(), json_lines=True)
        async with aclosing(answer) as events:
            async for event in events:
                yield event

    async def models(self) -> list[ModelInfo]:
        """As `Provider.models`: the models that are on that machine, `GET /api/tags`."""
        listing = as_mapping(await fetch_json(self._endpoint, "/api/tags"))
        names = [as_text(as_mapping(entry).get("name")) for entry in as_list(listing.get("models"))]
        return [ModelInfo(name) for name in names if name]

    async def check(self) -> list[ModelInfo]:
        """As `Provider.check`."""
        return await self.models()


def request_body(request: ChatRequest) -> dict[str, Any]:
    """`request` as Ollama's API documentation has it."""
    parameters = request.parameters.as_dict()
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [_message(message) for message in request.messages],
        "stream": request.stream,
        "options": {_OPTIONS.get(name, name): value for name, value in parameters.items()},
    }
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in request.tools
        ]
    return body


def _message(message: ChatMessage) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.tool_calls:
        said["tool_calls"] = [
            {"function": {"name": call.name, "arguments": json.loads(call.arguments or "{}")}}
            for call in message.tool_calls
        ]
    return said
