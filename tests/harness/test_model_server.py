"""The scripted model does to its clients what the scripts say, and remembers it."""

import asyncio
import json
import time

import aiohttp
import pytest

from tests.support.model_server import ModelServer
from tests.support.scripts import Cut, Delta, EndlessLine, Fail, Gate, Script, Silence, Wait, refusal, spoken


def question(text: str, *, stream: bool = True, **more) -> dict:
    return {"model": "scripted", "stream": stream, "messages": [{"role": "user", "content": text}], **more}


async def ask(models: ModelServer, text: str, path: str = "/v1/chat/completions", **more) -> bytes:
    async with (
        aiohttp.ClientSession() as session,
        session.post(models.url + path, json=question(text, **more)) as answer,
    ):
        return await answer.read()


def data_lines(answer: bytes) -> list[dict]:
    lines = [line[6:] for line in answer.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


async def test_model_server_streams_a_script_and_records_it(models):
    models.answer("hello", Script(spoken(["a", "\ud83d", "\ude00"], pause=0.01)))
    answer = await ask(models, "hello there", stream_options={"include_usage": True})
    deltas = [chunk["choices"][0]["delta"].get("content") for chunk in data_lines(answer) if chunk["choices"]]
    assert "".join(filter(None, deltas)) == "a\ud83d\ude00"
    assert b"\\ud83d" in answer
    assert data_lines(answer)[-1]["usage"]["completion_tokens"] == 22
    [exchange] = models.for_prompt("hello")
    assert exchange.said() == "a\ud83d\ude00"
    times = [at for at, _, _ in exchange.sent]
    assert times == sorted(times)
    assert times[-1] - times[0] >= 0.015
    assert exchange.over.wait(30)
    assert exchange.finished_at is not None
    assert exchange.closed_at is None


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/api/chat"])
async def test_model_server_answers_whole_without_stream(models, path):
    models.answer("", Script((Delta("ab"), Delta("c"))))
    assert b"abc" in await ask(models, "hello", path, stream=False)


@pytest.mark.parametrize("path", ["/v1/messages", "/api/chat"])
async def test_model_server_speaks_other_formats(models, path):
    models.answer("", Script((Delta("hm", "thinking"), Delta("ab"))))
    answer = await ask(models, "hello", path)
    assert answer.index(b"hm") < answer.index(b"ab")


async def test_model_server_notices_at_once_that_the_client_left(models):
    models.answer("", Script((Delta("a"), Silence())))
    async with aiohttp.ClientSession() as session:
        answer = await session.post(models.openai_url + "/chat/completions", json=question("stay"))
        await answer.content.readany()
        left = time.monotonic()
        answer.close()
        [exchange] = models.exchanges
        assert await asyncio.to_thread(exchange.over.wait, 30)
    assert exchange.closed_at - left < 1
    assert exchange.finished_at is None


@pytest.mark.parametrize("steps", [(Delta("a"), Cut()), (Delta("a"), Cut(b'data: {"choices'))])
async def test_model_server_cuts_by_reset(models, steps):
    models.answer("", Script(steps))
    with pytest.raises(aiohttp.ClientError):
        await ask(models, "cut")


async def test_model_server_waits_at_a_gate(models):
    gate = Gate()
    models.answer("", Script((gate, Delta("a"))))
    async with aiohttp.ClientSession() as session:
        answer = await session.post(models.openai_url + "/chat/completions", json=question("wait"))
        assert gate.reached.is_set() or await asyncio.to_thread(gate.reached.wait, 30)
        assert models.exchanges[0].said() == ""
        gate.open()
        assert b'"a"' in await answer.read()


async def test_model_server_refuses_fails_and_runs_on(models):
    models.answer("429", refusal(429, "slow down", Retry_After="1"))
    models.answer("mid", Script((Delta("a"), Fail("broken"))))
    models.answer("line", Script((EndlessLine(limit=131072),)))
    models.answer("no stream", Script((Delta("a"),), streams=False))
    async with aiohttp.ClientSession() as session:
        refused = await session.post(models.openai_url + "/chat/completions", json=question("429"))
        assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
        unable = await session.post(models.openai_url + "/chat/completions", json=question("no stream"))
        assert unable.status == 400
    assert data_lines(await ask(models, "mid"))[2] == {
        "error": {"message": "broken", "type": "server_error", "code": 500}
    }
    assert max(len(line) for line in (await ask(models, "line")).split(b"\n")) > 131072


async def test_model_server_goes_down_and_comes_back(models):
    models.answer("", Script((Wait(0.01), Delta("a"))))
    await asyncio.to_thread(models.down)
    with pytest.raises(aiohttp.ClientConnectorError):
        await ask(models, "down")
    await asyncio.to_thread(models.up)
    assert b'"a"' in await ask(models, "up")
