"""A question put to a scripted model API, and what comes of it."""

import pytest

from streaming.llm import ChatMessage, ChatRequest, connect
from streaming.llm.errors import ModelError
from tests.support.scripted_api import gather

KEY = "sk-very-secret-1234"
ASK = ChatRequest("m-1", (ChatMessage("user", "Hi"),))


def provider(api, kind="openai", **options):
    return connect(kind, base_url=api.url, api_key=KEY, **options)


async def told(source, request=ASK):
    return [event async for event in source.stream(request)]


async def failed(source, request=ASK):
    events = []
    with pytest.raises(ModelError) as caught:
        await gather(source.stream(request), events)
    return events, caught.value
