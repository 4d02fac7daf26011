"""Blocking work on a thread: its events in order, its errors, and how it is told to stop."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import aclosing

import pytest

from streaming.agents import blocking, registry
from streaming.agents.blocking import AHEAD, OnThread, is_stuck
from streaming.agents.protocol import RunContext
from streaming.errors import InvalidInputError
from streaming.events import EventData, StreamingChunk
from tests.support.eventually import eventually
from tests.support.waiting import until

CONTEXT = RunContext("run", "", ())


class Work:
    name = "work"
    resumable = False

    def __init__(self, function: Callable[[threading.Event], Iterable[EventData]]) -> None:
        self._function = function

    def work(self, _context: RunContext, stop: threading.Event) -> Iterable[EventData]:
        return self._function(stop)


async def said(function: Callable[[threading.Event], Iterable[EventData]]) -> list[str]:
    return [data.delta async for data in OnThread(Work(function)).run(CONTEXT)]


def numbers(count: int) -> list[EventData]:
    return [StreamingChunk(str(number)) for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, AHEAD * 3])
async def test_events_come_in_order_from_a_function_and_from_a_generator(count):
    expected = [str(number) for number in range(count)]
    assert await said(lambda _: numbers(count)) == expected
    assert await said(lambda _: (event for event in numbers(count))) == expected


async def test_loop_goes_on_while_the_work_blocks():
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.01)

    turning = asyncio.create_task(turn())
    assert await said(lambda _: until(lambda: turns > 5, "the loop goes on") and numbers(1)) == ["0"]
    turning.cancel()


@pytest.mark.parametrize("error", [InvalidInputError("no"), ValueError("no"), SystemExit(1)])
async def test_error_of_the_work_is_raised_after_what_it_said(error):
    def work(_stop: threading.Event) -> Iterable[EventData]:
        yield StreamingChunk("a")
        raise error

    events = OnThread(Work(work)).run(CONTEXT)
    assert await anext(events) == StreamingChunk("a")
    with pytest.raises(type(error)):
        await anext(events)


async def test_work_that_is_ahead_of_its_reader_waits():
    made = []

    def work(_stop: threading.Event) -> Iterable[EventData]:
        for number in range(AHEAD * 4):
            made.append(number)
            yield StreamingChunk("x")

    async with aclosing(OnThread(Work(work)).run(CONTEXT)) as events:
        await anext(events)
        await eventually(lambda: len(made) > AHEAD)
        await asyncio.sleep(0.1)
        assert len(made) <= AHEAD + 2


async def test_closing_stops_a_generator_between_two_events_and_lets_it_clean_up():
    left: list[str] = []

    def work(_stop: threading.Event) -> Iterable[EventData]:
        try:
            while True:
                time.sleep(0.01)
                yield StreamingChunk("x")
        finally:
            left.append("generator")

    async with aclosing(OnThread(Work(work), leave=lambda: left.append("thread")).run(CONTEXT)) as events:
        await anext(events)
    assert left == ["generator", "thread"]
    assert not is_stuck()


async def test_closing_tells_a_function_to_stop_and_waits_for_it():
    ended = threading.Event()

    def work(stop: threading.Event) -> Iterable[EventData]:
        yield StreamingChunk("x")
        stop.wait(30)
        time.sleep(0.1)
        ended.set()

    async with aclosing(OnThread(Work(work)).run(CONTEXT)) as events:
        await anext(events)
    assert ended.is_set()


async def test_work_that_does_not_stop_is_left_behind_and_said_to_be_stuck(monkeypatch, caplog):
    monkeypatch.setattr(blocking, "OBEY_SECONDS", 0.1)
    free = threading.Event()

    def work(_stop: threading.Event) -> Iterable[EventData]:
        yield StreamingChunk("x")
        free.wait(30)

    async with aclosing(OnThread(Work(work)).run(CONTEXT)) as events:
        await anext(events)
    assert is_stuck()
    assert "work does not stop" in caplog.text
    free.set()
    await eventually(lambda: not is_stuck())


def test_registry_takes_a_name_once():
    one, other = Work(lambda _: []), Work(lambda _: [])
    one.name = other.name = "taken"
    registry.register_blocking(one)
    registry.register_blocking(one)
    with pytest.raises(ValueError, match="two agents named 'taken'"):
        registry.register_blocking(other)
    entry = registry.registered("taken")
    assert entry is not None
    assert entry.queue == "work"
    del registry._registered["taken"]
