"""The proxy breaks connections in the ways the fault tests name."""

import asyncio
from collections.abc import Iterator

import aiohttp
import pytest

from tests.support.model_server import ModelServer
from tests.support.scripts import Gate, Script, gated
from tests.support.tcp_proxy import TcpProxy

QUESTION = {"model": "scripted", "stream": True, "messages": [{"role": "user", "content": "x"}]}


@pytest.fixture
def proxy(models: ModelServer) -> Iterator[TcpProxy]:
    proxy = TcpProxy(models.port)
    yield proxy
    proxy.close()


async def start(
    session: aiohttp.ClientSession, models: ModelServer, proxy: TcpProxy, gate: Gate
) -> aiohttp.ClientResponse:
    models.answer("", Script(gated([f"{n} " for n in range(40)], gate)))
    return await session.post(f"{proxy.url}/v1/chat/completions", json=QUESTION)


async def test_proxy_passes_everything(models, proxy):
    gate = Gate()
    gate.open()
    async with aiohttp.ClientSession() as session:
        answer = await start(session, models, proxy, gate)
        assert b'"39 "' in await answer.read()
    assert proxy.bytes_down > 1000


async def test_proxy_cuts_both_sides(models, proxy):
    async with aiohttp.ClientSession() as session:
        answer = await start(session, models, proxy, Gate())
        await answer.content.readany()
        assert await asyncio.to_thread(proxy.cut) == 1
        with pytest.raises(aiohttp.ClientError):
            await answer.read()
    assert await asyncio.to_thread(models.exchanges[0].over.wait, 30)
    assert models.exchanges[0].closed_at is not None


async def test_proxy_goes_silent_and_delivers_later(models, proxy):
    gate = Gate()
    async with aiohttp.ClientSession() as session:
        answer = await start(session, models, proxy, gate)
        await asyncio.to_thread(proxy.silence)
        gate.open()
        assert await asyncio.to_thread(models.exchanges[0].over.wait, 30)
        while True:  # what had passed before the silence
            try:
                await asyncio.wait_for(answer.content.readany(), 0.2)
            except TimeoutError:
                break
        await asyncio.to_thread(proxy.resume)
        assert b'"39 "' in await answer.read()


async def test_proxy_refuses_websockets_only(models, proxy):
    proxy.refuse_websockets = True
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{proxy.url}/ws/")
        assert refused.value.status == 403
        assert (await session.get(f"{proxy.url}/v1/models")).status == 200
    assert proxy.websockets_refused == 1


async def test_proxy_refuses_and_accepts_connections(models, proxy):
    async with aiohttp.ClientSession() as session:
        await asyncio.to_thread(proxy.refuse)
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"{proxy.url}/v1/models")
        proxy.accept()
        assert (await session.get(f"{proxy.url}/v1/models")).status == 200
