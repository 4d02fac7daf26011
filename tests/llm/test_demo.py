"""The demo model: honest about itself, the same for the same prompt, exact where it is asked to be."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import InvalidInputError
from streaming.events import Metadata, StreamingChunk, Usage
from streaming.llm import ChatMessage, ChatRequest, ModelInfo, Parameters, connect
from streaming.llm.demo.answer import answer, tokens
from streaming.llm.demo.counting import CountingOrder, counted, counting_order
from streaming.llm.demo.pacing import at_rate
from streaming.llm.demo.provider import DemoProvider
from streaming.llm.errors import ModelFailedError, UnknownModelError
from tests.support.instant_loop import InstantLoop
from tests.support.scripted_api import gather

FAST = DemoProvider(tokens_per_second=50_000)


def asking(*texts, begun="", **parameters):
    roles = ("user", "assistant")
    messages = [ChatMessage(roles[number % 2], text) for number, text in enumerate(texts)]
    if begun:
        messages.append(ChatMessage("assistant", begun))
    return ChatRequest("demo", tuple(messages), Parameters(**parameters))


async def told(request, provider=FAST):
    return [event async for event in provider.stream(request)]


def text_of(events, part="text"):
    return "".join(event.delta for event in events if isinstance(event, StreamingChunk) and event.part == part)


async def test_demo_says_what_it_is_and_how_to_connect_a_real_model():
    events = await told(asking("What is the capital of France?"))

    text = text_of(events)
    assert "demo model" in text.partition("\n")[0]
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL", "Ollama"):
        assert name in text
    assert "> What is the capital of France?" in text
    assert "\n```python\n" in text or "\n```sql\n" in text
    assert "|---|" in text or "|:---|" in text
    assert text_of(events, "thinking").startswith("The question has 6 words, and this is turn 1")
    assert events[-1] == Metadata("demo", "stop", Usage(events[-1].usage.input_tokens, len(events) - 1))


async def test_demo_thinks_before_it_answers():
    parts = [event.part for event in await told(asking("Hi")) if isinstance(event, StreamingChunk)]

    assert parts == sorted(parts, reverse=True)
    assert len(set(parts)) == 2


async def test_demo_is_the_same_for_the_same_conversation():
    conversation = asking("Hi", "Hello", "And now?")

    assert await told(conversation) == await told(conversation)
    assert len({answer(asking(f"question {number}").messages) for number in range(30)}) == 30


@given(st.text(max_size=300))
def test_demo_tokens_are_the_answer(prompt):
    text = answer(asking("x" + prompt).messages)

    assert "".join(tokens(text)) == text
    assert max(map(len, tokens(text))) < 24


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200), st.floats(0, 1))
def test_demo_goes_on_where_it_stopped(prompt, share):
    async def both():
        full = text_of(await told(asking(prompt)))
        begun = full[: int(len(full) * share)]
        rest = await told(asking(prompt, begun=begun))
        return full, begun, rest

    full, begun, rest = asyncio.run(both())

    assert begun + text_of(rest) == full
    assert not begun or text_of(rest, "thinking") == ""


async def test_demo_answers_anew_after_text_that_was_not_its_own():
    assert text_of(await told(asking("Hi", begun="Something else"))) == answer(asking("Hi").messages)


@pytest.mark.parametrize(
    ("prompt", "order"),
    [
        ("demo:300 tokens at 100/s", CountingOrder(300, 100.0)),
        (" DEMO: 1 token at 0.5 / s\n", CountingOrder(1, 0.5)),
        ("demo:9 tokens at 50/s after 1.5s", CountingOrder(9, 50.0, 1.5)),
        ("demo:9 tokens at 50/s fail after 4", CountingOrder(9, 50.0, 0.0, 4)),
        ("demo:9 tokens at 50/s after 2 s fail after 0", CountingOrder(9, 50.0, 2.0, 0)),
        ("please demo:9 tokens at 50/s", None),
        ("demo:9 tokens", None),
        ("", None),
    ],
)
def test_demo_order_is_typed_as_the_prompt(prompt, order):
    assert counting_order(prompt) == order


@pytest.mark.parametrize(
    "prompt",
    [
        "demo:9 tokens at 0/s",
        "demo:2000000 tokens at 9/s",
        "demo:9 tokens at 1000000/s",
        "demo:9 tokens at 0.0001/s",
        "demo:9 tokens at 9/s after 999999s",
    ],
)
async def test_demo_refuses_wild_orders(prompt):
    with pytest.raises(InvalidInputError, match="The demo counts"):
        await told(asking(prompt))


@pytest.mark.parametrize("prompt", [f"demo:{'9' * 5000} tokens at 9/s", f"demo:9 tokens at 9/s after {'9' * 400}s"])
async def test_demo_takes_endless_numbers_for_text(prompt):
    assert counting_order(prompt) is None


async def test_demo_counts_exactly_and_on_schedule():
    start = time.monotonic()
    stream = connect("demo").stream(asking("demo:100 tokens at 200/s"))
    arrivals = [(event, time.monotonic() - start) async for event in stream]

    *counting, (last, _) = arrivals
    assert [event for event, _ in counting] == [StreamingChunk(token) for token in counted(CountingOrder(100, 200))]
    assert text_of([event for event, _ in counting]).split() == [str(number) for number in range(1, 101)]
    assert last == Metadata("demo", "stop", Usage(last.usage.input_tokens, 100))
    assert all(at >= number / 200 - 0.002 for number, (_, at) in enumerate(counting))
    assert counting[-1][1] < 0.495 + 10


def test_demo_rate_does_not_drift():
    async def first_and_last() -> float:
        loop, times = asyncio.get_running_loop(), []
        async for number in at_rate(range(60), per_second=200):
            times.append(loop.time())
            if number % 10 == 0:
                await asyncio.sleep(0.04)  # a reader that is late now and then
        return times[-1] - times[0]

    with asyncio.Runner(loop_factory=InstantLoop) as runner:
        assert runner.run(first_and_last()) == pytest.approx(59 / 200)  # with drift it would be 0.53


async def test_demo_waits_and_fails_where_it_is_told_to():
    events, start = [], time.monotonic()
    with pytest.raises(ModelFailedError) as caught:
        await gather(FAST.stream(asking("demo:9 tokens at 5000/s after 0.2s fail after 4")), events)

    assert text_of(events) == caught.value.partial_text == "1 2 3 4 "
    assert time.monotonic() - start >= 0.2


async def test_demo_counts_on_after_a_failure():
    rest = await told(asking("demo:9 tokens at 5000/s", begun="1 2 3 4 "))
    assert text_of(rest) == "5 6 7 8 9 "

    rest = await told(asking("demo:9 tokens at 5000/s", begun="1 2 3"))
    assert text_of(rest) == " 4 5 6 7 8 9 "


async def test_demo_keeps_to_max_tokens():
    events = await told(asking("Hi", max_tokens=5))

    assert len(events) == 6
    assert events[-1].finish_reason == "length"


async def test_demo_is_paced_like_a_model():
    start, count = time.monotonic(), 0
    async for _ in connect("demo").stream(asking("Hi", max_tokens=30)):
        count += 1
    assert count == 31
    assert 0.4 <= time.monotonic() - start < 30


async def test_demo_has_one_model():
    assert await FAST.models() == await FAST.check() == [ModelInfo("demo", "Demo")]
    with pytest.raises(UnknownModelError, match="does not know gpt-9"):
        await told(ChatRequest("gpt-9", asking("Hi").messages))
