"""Anthropic, and servers that speak its messages. Knows no byte of an answer."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from yarl import URL

from streaming.events import EventData
from streaming.llm.anthropic.body import request_body
from streaming.llm.anthropic.decoding import AnthropicDecoder
from streaming.llm.decoding import as_count, as_list, as_mapping, as_text
from streaming.llm.errors import MissingKeyError
from streaming.llm.exchange import Endpoint, fetch_json, stream_answer
from streaming.llm.provider import ModelInfo
from streaming.llm.request import ChatRequest
from streaming.llm.timeouts import Timeouts

BASE_URL = "https://api.anthropic.com"
OWN_HOST = "api.anthropic.com"
VERSION = "2023-06-01"  # the version of the API that its documentation names


class AnthropicProvider:
    """Messages at `base_url`, which may end in /v1 or not."""

    name = "anthropic"
    prefills = False  # its newer models refuse a last message of the assistant

    def __init__(self, *, base_url: str = "", api_key: str = "", timeouts: Timeouts) -> None:
        headers = {"anthropic-version": VERSION, **({"x-api-key": api_key} if api_key else {})}
        self._endpoint = Endpoint((base_url or BASE_URL).removesuffix("/v1"), headers, api_key, timeouts)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[EventData]:
        """As `Provider.stream`. Raises `InvalidInputError` for a temperature above 1."""
        self._require_key()
        endpoint = self._endpoint if request.stream else self._endpoint.answering_at_once()
        answer = stream_answer(endpoint, "/v1/messages", request_body(request), AnthropicDecoder())
        async with aclosing(answer) as events:
            async for event in events:
                yield event

    async def models(self) -> list[ModelInfo]:
        """As `Provider.models`: `GET /v1/models`, newest first, as the API has them."""
        self._require_key()
        listing = as_mapping(await fetch_json(self._endpoint, "/v1/models?limit=1000"))
        found = [_model(as_mapping(entry)) for entry in as_list(listing.get("data"))]
        return [model for model in found if model.id]

    async def check(self) -> list[ModelInfo]:
        """As `Provider.check`."""
        return await self.models()

    def _require_key(self) -> None:
        if URL(self._endpoint.base_url).host == OWN_HOST and not self._endpoint.secret:
            raise MissingKeyError(
                "Anthropic asks for an API key. "
                "An administrator can enter one on the Models page, or set ANTHROPIC_API_KEY."
            )


def _model(entry: dict[str, Any]) -> ModelInfo:
    return ModelInfo(
        as_text(entry.get("id")), as_text(entry.get("display_name")), as_count(entry.get("max_input_tokens"))
    )
