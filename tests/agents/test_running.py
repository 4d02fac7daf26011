"""A run without an engine: start, numbered events, exactly one end."""

import asyncio
import time
from contextlib import aclosing

import pytest

from streaming import StreamingBuffer, StreamInterruptedError, run_streaming
from streaming.errors import ConflictError
from streaming.events import (
    Cancelled,
    Complete,
    Failed,
    Metadata,
    Start,
    StreamingChunk,
)
from streaming.llm import ChatMessage, Parameters, connect
from streaming.llm.errors import MissingKeyError
from tests.support.scripted_api import gather, pieces, text
from tests.support.told import Scripted, one_end, told


async def test_run_starts_counts_and_completes():
    before = time.time_ns() // 1_000_000
    events = await told(conversation_id="c1", parameters=Parameters(temperature=0.5))

    assert one_end(events) == Complete("stop")
    assert events[0].data == Start(
        agent="chat", model="demo", provider="demo", parameters={"temperature": 0.5}, conversation_id="c1"
    )
    assert "".join(event.data.delta for event in events if event.type == "chunk") == "1 2 3 4 5 "
    assert isinstance(events[-2].data, Metadata)
    assert before <= events[0].ts <= time.time_ns() // 1_000_000


async def test_run_takes_a_whole_history():
    agent = Scripted(StreamingChunk("Hi"))
    messages = [ChatMessage("user", "a"), ChatMessage("assistant", "b"), ChatMessage("user", "c")]

    assert one_end(await told(messages, agent=agent, run_id="r9")) == Complete("stop")
    assert (agent.context.run_id, agent.context.messages) == ("r9", tuple(messages))


async def test_run_ends_with_the_models_reason():
    agent = Scripted(StreamingChunk("Hi"), Metadata(finish_reason="length"), Metadata(model="m"))

    assert one_end(await told(agent=agent)) == Complete("length")


async def test_run_ends_in_a_typed_error():
    agent = Scripted(StreamingChunk("Hi"), ConflictError("That does not go together.", detail="x"))

    assert one_end(await told(agent=agent)) == Failed("conflict", "That does not go together.", detail="x")
    assert agent.closed


async def test_run_ends_in_an_error_that_hides_its_text(caplog):
    failed = one_end(await told(agent=Scripted(StreamingChunk("Hi"), RuntimeError("password=1234"))))

    assert (failed.code, failed.retryable, failed.detail) == ("internal", True, "RuntimeError")
    assert "1234" not in failed.message
    assert "password=1234" in caplog.text


async def test_run_without_a_configured_model_ends_in_an_error(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://api.anthropic.com")

    assert one_end(await told("Hi", model="claude-9")).code == "missing_key"
    with pytest.raises(MissingKeyError):
        await told("Hi", model="claude-9", raise_errors=True)


async def test_run_finds_its_model_by_the_environment(api, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", api.url)
    api.answers.append(pieces(text("Hi", "stop")))

    events = await told("Hello", model="openai/m-7")

    assert one_end(events) == Complete("stop")
    assert (events[0].data.provider, events[0].data.model) == ("openai", "openai/m-7")
    assert api.bodies[0]["model"] == "m-7"


async def test_interrupted_run_raises_with_its_text_if_it_is_asked_to():
    events = []
    with pytest.raises(StreamInterruptedError) as caught:
        await gather(run_streaming("demo:9 tokens at 2000/s fail after 3", raise_errors=True), events)

    assert one_end(events).code == "model_failed"
    assert caught.value.partial_text == "1 2 3 "


async def test_cut_run_raises_with_its_text_if_it_is_asked_to(api):
    api.answers.append(pieces(text("Hel"), 0.05, "cut"))

    with pytest.raises(StreamInterruptedError) as caught:
        await told("Hi", provider=connect("openai", base_url=api.url), raise_errors=True)
    assert (caught.value.code, caught.value.partial_text) == ("model_cut", "Hel")


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_stop_ends_in_cancelled_and_closes_the_agent(count):
    stop, agent = asyncio.Event(), Scripted(*[StreamingChunk("x")] * 3, 30.0)
    events = []
    if count == 0:
        stop.set()

    async with asyncio.timeout(45):
        async for event in run_streaming("Hi", agent=agent, stop=stop):
            events.append(event)
            if len(events) == count + 1:
                asyncio.get_running_loop().call_later(0.02, stop.set)
    assert one_end(events) == Cancelled("caller")
    assert agent.closed == (count > 0)


async def test_stop_closes_the_request_to_the_model(api):
    api.answers.append(pieces(text("Hel"), 30))
    stop = asyncio.Event()

    async with asyncio.timeout(45):
        async for event in run_streaming("Hi", provider=connect("openai", base_url=api.url), stop=stop):
            if event.type == "chunk":
                stop.set()
        await api.left.wait()
    assert event.data == Cancelled("caller")


async def test_abandoned_run_closes_the_request_to_the_model(api):
    api.answers.append(pieces(text("Hel"), 30))

    async with aclosing(run_streaming("Hi", provider=connect("openai", base_url=api.url))) as events:
        async for event in events:
            if event.type == "chunk":
                break
    async with asyncio.timeout(45):
        await api.left.wait()


async def test_cancelled_task_stays_cancelled(api):
    api.answers.append(pieces(text("Hel"), 30))
    stop = asyncio.Event()
    task = asyncio.create_task(told("Hi", provider=connect("openai", base_url=api.url), stop=stop))

    async with asyncio.timeout(45):
        await api.asked.wait()
        task.cancel()
        await asyncio.wait([task])
        await api.left.wait()
    assert task.cancelled()


async def test_agents_own_timeout_is_no_stop():
    failed = one_end(await told(agent=Scripted(TimeoutError("x")), stop=asyncio.Event()))

    assert (failed.code, failed.detail) == ("internal", "TimeoutError")


async def test_several_runs_at_once_keep_apart():
    async def buffered(count):
        buffer = StreamingBuffer()
        async for event in run_streaming(f"demo:{count} tokens at 2000/s"):
            buffer.add(event)
        return buffer.content

    contents = await asyncio.gather(*(buffered(count) for count in range(1, 21)))

    assert [len(content.split()) for content in contents] == list(range(1, 21))
