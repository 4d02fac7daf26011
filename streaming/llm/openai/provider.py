"""OpenAI, and any server that imitates its chat completions. Knows no byte of an answer."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from yarl import URL

from streaming.events import EventData
from streaming.llm.decoding import as_count, as_list, as_mapping, as_text
from streaming.llm.errors import MissingKeyError, RequestRejectedError
from streaming.llm.exchange import Endpoint, fetch_json, stream_answer
from streaming.llm.openai.body import request_body, without
from streaming.llm.openai.decoding import OpenAIDecoder
from streaming.llm.provider import ModelInfo
from streaming.llm.request import ChatRequest
from streaming.llm.timeouts import Timeouts

BASE_URL = "https://api.openai.com/v1"
OWN_HOST = "api.openai.com"
FIELDS_TO_DO_WITHOUT = ("stream_options", "stream", "max_completion_tokens", "max_tokens")

_NAMED = re.compile(rf"\b({'|'.join(FIELDS_TO_DO_WITHOUT)})\b")


class OpenAIProvider:
    """Chat completions at `base_url`, with the key as bearer token if there is one.

    What a server or model refuses (streaming, usage in the stream, one name for the token limit)
    it does without, before the first token.
    """

    name = "openai"
    prefills = False

    def __init__(self, *, base_url: str = "", api_key: str = "", timeouts: Timeouts) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._endpoint = Endpoint(base_url or BASE_URL, headers, api_key, timeouts)
        self._own_api = URL(self._endpoint.base_url).host == OWN_HOST

    async def stream(self, request: ChatRequest) -> AsyncGenerator[EventData]:
        """As `Provider.stream`."""
        self._require_key()
        body: dict[str, Any] | None = request_body(request, own_api=self._own_api)
        while body is not None:
            tried, body, begun = body, None, False
            try:
                answer = stream_answer(self._patient(tried), "/chat/completions", tried, OpenAIDecoder())
                async with aclosing(answer) as events:
                    async for event in events:
                        begun = True
                        yield event
            except RequestRejectedError as error:
                body = None if begun else without(tried, _refused_field(error))
                if body is None:
                    raise

    async def models(self) -> list[ModelInfo]:
        """As `Provider.models`: `GET /models`."""
        self._require_key()
        listing = await fetch_json(self._endpoint, "/models")
        entries = listing if isinstance(listing, list) else as_list(as_mapping(listing).get("data"))
        found = [_model(as_mapping(entry)) for entry in entries]
        return sorted((model for model in found if model.id), key=lambda model: model.id)

    async def check(self) -> list[ModelInfo]:
        """As `Provider.check`."""
        return await self.models()

    def _require_key(self) -> None:
        if self._own_api and not self._endpoint.secret:
            raise MissingKeyError(
                "OpenAI asks for an API key. An administrator can enter one on the Models page, or set OPENAI_API_KEY."
            )

    def _patient(self, body: dict[str, Any]) -> Endpoint:
        return self._endpoint if body["stream"] else self._endpoint.answering_at_once()


def _refused_field(error: RequestRejectedError) -> str:
    """The field that the server does not take, by its `param` or by its words."""
    if error.param:
        return error.param
    named = _NAMED.search(error.detail)
    return named[1] if named else ""


def _model(entry: dict[str, Any]) -> ModelInfo:
    context = as_count(entry.get("context_length")) or as_count(entry.get("max_model_len"))  # OpenRouter, vLLM
    return ModelInfo(as_text(entry.get("id")), as_text(entry.get("name")), context)
