"""A busy model is asked again, another one is asked, and never once a token has arrived."""

import time

import pytest

from streaming.events import StreamingChunk
from streaming.llm import ChatMessage, ChatRequest, ModelError, RetryPolicy, Timeouts, connect, stream_with_retry
from streaming.llm.errors import (
    MissingKeyError,
    ModelTimeoutError,
    ModelUnavailableError,
    ModelUnreachableError,
    RateLimitedError,
    StreamCutError,
)
from tests.support.scripted_api import HELLO, document, gather, pieces, text

ASK = ChatRequest("m-1", (ChatMessage("user", "Hi"),))
FAST = RetryPolicy(attempts=3, first_seconds=0.02, longest_seconds=0.5)
BUSY = document({"error": {"message": "Slow down"}}, 429)
DOWN = document(b"oops", 503)


async def attempted(candidates, policy=FAST):
    events, error = [], None
    try:
        await gather(stream_with_retry(ASK, candidates, policy=policy), events)
    except ModelError as raised:
        error = raised
    return "".join(event.delta for event in events if isinstance(event, StreamingChunk)), error


def source(api, **timeouts):
    return connect("openai", base_url=api.url, timeouts=Timeouts(**timeouts))


@pytest.mark.parametrize("trouble", [[BUSY], [DOWN, BUSY]])
async def test_retry_until_the_model_answers(api, trouble):
    api.answers.extend([*trouble, pieces(*HELLO)])

    assert await attempted([(source(api), "m-1")]) == ("Hello", None)
    assert len(api.requests) == len(trouble) + 1


async def test_retry_gives_up_after_its_attempts(api):
    api.answers.append(DOWN)

    said, error = await attempted([(source(api), "m-1")])

    assert (said, type(error), len(api.requests)) == ("", ModelUnavailableError, 3)


async def test_retry_never_after_a_token(api):
    api.answers.append(pieces(text("Hel"), 0.05, "cut"))

    said, error = await attempted([(source(api), "m-1"), (source(api), "m-2")])

    assert (said, type(error), len(api.requests)) == ("Hel", StreamCutError, 1)


@pytest.mark.parametrize("status", [401, 404, 400])
async def test_retry_never_where_it_would_not_help(api, status):
    api.answers.append(document({"error": {"message": "No"}}, status))

    _, error = await attempted([(source(api), "m-1")])

    assert error.retryable is False
    assert len(api.requests) == 1


async def test_retry_never_runs_a_prompt_twice_that_may_be_at_work(api):
    api.answers.append(pieces(30))

    _, error = await attempted([(source(api, first_token=0.2), "m-1")])

    assert (type(error), len(api.requests)) == (ModelTimeoutError, 1)


async def test_retry_after_an_error_event_before_the_first_token(api):
    error = b'data: {"error":{"message":"Overloaded","type":"server_error"}}\n\n'
    api.answers.extend([pieces(error), pieces(*HELLO)])

    assert await attempted([(source(api), "m-1")]) == ("Hello", None)


async def test_retry_waits_as_long_as_it_is_told(api):
    api.answers.extend([document({"error": {"message": "x"}}, 429, {"Retry-After": "0.3"}), pieces(*HELLO)])

    start = time.monotonic()
    assert await attempted([(source(api), "m-1")]) == ("Hello", None)
    assert time.monotonic() - start >= 0.3


async def test_retry_does_not_wait_longer_than_it_may(api):
    api.answers.append(document({"error": {"message": "x"}}, 429, {"Retry-After": "3600"}))

    start = time.monotonic()
    _, error = await attempted([(source(api), "m-1")])

    assert (type(error), error.retry_after, len(api.requests)) == (RateLimitedError, 3600.0, 1)
    assert time.monotonic() - start < 60


@pytest.mark.parametrize("trouble", [DOWN, document({"error": {"message": "No"}}, 401)])
async def test_fallback_answers_instead(api, trouble):
    async def answer(request):
        model = (await request.json())["model"]
        return await (pieces(*HELLO) if model == "m-2" else trouble)(request)

    api.answers.append(answer)

    assert await attempted([(source(api), "m-1"), (source(api), "m-2")]) == ("Hello", None)
    assert api.bodies[-1]["model"] == "m-2"


async def test_fallback_answers_for_a_server_that_is_gone(api):
    api.answers.append(pieces(*HELLO))
    gone = connect("openai", base_url="http://127.0.0.1:1")

    assert await attempted([(gone, "m-1"), (source(api), "m-2")]) == ("Hello", None)


async def test_last_candidates_error_is_raised(api):
    api.answers.extend([DOWN, document({"error": {"message": "No"}}, 401)])

    _, error = await attempted([(source(api), "m-1"), (source(api), "m-2")], RetryPolicy(attempts=1))

    assert type(error) is MissingKeyError


def test_retry_delays_double_and_are_spread():
    policy = RetryPolicy(attempts=9, first_seconds=1.0, longest_seconds=5.0)
    error = ModelUnreachableError("x")

    for attempt, full in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 5.0), (8, 5.0)):
        delays = {policy.delay(attempt, error) for _ in range(200)}
        assert full / 2 <= min(delays) < max(delays) <= full
        assert len(delays) > 100
    assert policy.delay(9, error) is None
