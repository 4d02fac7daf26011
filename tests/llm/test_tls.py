"""A model that is at work, and answers no farewell, is left at once."""

import asyncio
import ssl

import pytest

from streaming.llm import ChatMessage, ChatRequest, ModelTimeoutError, Timeouts, close_session, connect
from tests.support.eventually import eventually
from tests.support.scripted_api import gather, text
from tests.support.tls_server import busy_tls_server, make_certificate

ASK = ChatRequest("m-1", (ChatMessage("user", "Hi"),))
BEGUN = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + text("Hel")


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    path = make_certificate(tmp_path / "certificate.pem")
    # aiohttp reads the trusted certificates once, as it is imported
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", ssl.create_default_context(cafile=path))
    return path


async def left_within(seconds, server):
    return await asyncio.to_thread(server.closed.wait, seconds)


@pytest.mark.parametrize("opening", [b"", BEGUN], ids=["before headers", "in mid-stream"])
async def test_tls_connection_is_closed_by_a_stop(certificate, opening):
    with busy_tls_server(certificate, opening) as server:
        events = []
        asking = asyncio.create_task(gather(connect("openai", base_url=server.url).stream(ASK), events))
        assert await asyncio.to_thread(server.asked.wait, 10)
        await eventually(lambda: bool(events) == bool(opening), "the opening was read")

        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

        assert await left_within(1, server)
        await close_session()


@pytest.mark.parametrize("opening", [b"", BEGUN], ids=["before headers", "in mid-stream"])
async def test_tls_connection_is_closed_by_a_timeout(certificate, opening):
    limits = Timeouts(first_token=0.5, between_tokens=0.3)
    with busy_tls_server(certificate, opening) as server:
        with pytest.raises(ModelTimeoutError):
            await gather(connect("openai", base_url=server.url, timeouts=limits).stream(ASK), [])

        assert await left_within(1, server)
        await close_session()


async def test_tls_connection_of_a_listing_is_closed_by_a_stop(certificate):
    with busy_tls_server(certificate) as server:
        asking = asyncio.create_task(connect("openai", base_url=server.url).models())
        assert await asyncio.to_thread(server.asked.wait, 10)

        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

        assert await left_within(1, server)
