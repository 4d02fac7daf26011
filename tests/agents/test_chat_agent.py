"""One chat turn: history in, answer out, and an unfinished answer goes on."""

import asyncio
from contextlib import aclosing

from streaming.agents import ChatAgent, RunContext
from streaming.agents.chat import CONTINUE
from streaming.events import Metadata, StreamingChunk
from streaming.llm import ChatMessage, Parameters, RetryPolicy, connect
from streaming.llm.demo.answer import answer
from streaming.llm.demo.provider import DemoProvider
from tests.support.scripted_api import HELLO, document, pieces, text

HISTORY = (ChatMessage("user", "Hi"), ChatMessage("assistant", "Hello"), ChatMessage("user", "And now?"))


def context(model="m-1", **fields):
    return RunContext("r1", "c1", HISTORY, model, **fields)


async def told(agent, given):
    return [event async for event in agent.run(given)]


def agent_of(api, **options):
    return ChatAgent(connect("openai", base_url=api.url), **options)


async def test_chat_agent_sends_the_history_and_the_parameters(api):
    api.answers.append(pieces(*HELLO))

    await told(agent_of(api), context(parameters=Parameters(temperature=0.5)))

    [body] = api.bodies
    assert body["messages"] == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "And now?"},
    ]
    assert (body["model"], body["temperature"], body["stream"]) == ("m-1", 0.5, True)


async def test_chat_agent_measures_the_turn(api):
    api.answers.append(pieces(0.2, text("Hel"), 0.1, text("lo", "stop")))

    *chunks, metadata = await told(agent_of(api), context())

    assert chunks == [StreamingChunk("Hel"), StreamingChunk("lo")]
    assert (metadata.model, metadata.finish_reason, metadata.turns) == ("m-1", "stop", 1)
    assert 195 <= metadata.first_token_ms < 1000
    assert metadata.first_token_ms + 95 <= metadata.duration_ms < 2000


async def test_chat_agent_continues_by_asking(api):
    api.answers.append(pieces(*HELLO))

    await told(agent_of(api), context(continues_text="It is half p"))

    assert api.bodies[0]["messages"][3:] == [
        {"role": "assistant", "content": "It is half p"},
        {"role": "user", "content": CONTINUE},
    ]


async def test_chat_agent_continues_by_prefilling():
    agent = ChatAgent(DemoProvider(tokens_per_second=50_000))
    full = answer(HISTORY)

    events = await told(agent, context("demo", continues_text=full[:100]))

    assert full[:100] + "".join(event.delta for event in events if isinstance(event, StreamingChunk)) == full


async def test_chat_agent_retries_and_falls_back(api):
    async def reply(request):
        model = (await request.json())["model"]
        return await (pieces(*HELLO) if model == "m-2" else document(b"down", 503))(request)

    api.answers.append(reply)
    source = connect("openai", base_url=api.url)
    agent = ChatAgent(source, fallback=(source, "m-2"), retry=RetryPolicy(attempts=2, first_seconds=0.01))

    events = await told(agent, context())

    assert events[:2] == [StreamingChunk("Hel"), StreamingChunk("lo")]
    assert [body["model"] for body in api.bodies] == ["m-1", "m-1", "m-2"]


async def test_chat_agent_asks_a_model_that_does_not_stream(api):
    api.answers.append(document({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}))

    events = await told(agent_of(api, streams=False), context())

    assert (events[0], api.bodies[0]["stream"]) == (StreamingChunk("Hi"), False)
    assert isinstance(events[-1], Metadata)


async def test_closing_the_agent_closes_the_connection(api):
    api.answers.append(pieces(text("Hel"), 30))

    async with aclosing(agent_of(api).run(context())) as events:
        assert await anext(events) == StreamingChunk("Hel")
    async with asyncio.timeout(5):
        await api.left.wait()


async def test_chat_agent_is_an_agent_that_is_not_resumed():
    agent = ChatAgent(DemoProvider())

    assert (agent.name, agent.resumable) == ("chat", False)
