"""Events are kept by run and play again at any pace."""

import asyncio
import time

import pytest

from streaming.events import Complete, Start, StreamingChunk, StreamingCollector, event_of


def event(run_id, ts, data, seq=0):
    return event_of(data, ts=ts, run_id=run_id, attempt=1, seq=seq)


async def stream(*events):
    for one in events:
        await asyncio.sleep(0)
        yield one


RUN = (
    event("a", 1000, Start(), 1),
    event("a", 1100, StreamingChunk("onetwo", "text", (3, 3), (0, 60)), 2),
    event("a", 1200, Complete(), 3),
)


async def timed_replay(collector, **options):
    start = time.monotonic()
    return [(one, time.monotonic() - start) async for one in collector.replay("a", **options)]


async def test_collector_lists_by_run():
    collector = StreamingCollector()
    other = event("b", 5, StreamingChunk("x"))

    assert await collector.collect(stream(RUN[0], other, *RUN[1:])) == [RUN[0], other, *RUN[1:]]
    assert collector.runs == ["a", "b"]
    assert collector.events("a") == list(RUN)
    assert collector.events("b") == [other]
    assert collector.events("c") == []
    assert collector.events() == [*RUN, other]
    assert collector.buffer("a").content == "onetwo"


async def test_collector_keeps_what_came_before_an_error():
    async def broken():
        yield RUN[0]
        raise OSError("gone")

    collector = StreamingCollector()
    with pytest.raises(OSError, match="gone"):
        await collector.collect(broken())
    assert collector.events("a") == [RUN[0]]


async def test_replay_gives_single_deltas_at_the_original_pace():
    collector = StreamingCollector()
    await collector.collect(stream(*RUN))

    played = await timed_replay(collector)

    assert [(one.ts, one.seq, one.data) for one, _ in played] == [
        (1000, 1, Start()),
        (1100, 2, StreamingChunk("one")),
        (1160, 2, StreamingChunk("two")),
        (1200, 3, Complete()),
    ]
    for (one, at), due in zip(played, [0.0, 0.1, 0.16, 0.2], strict=True):
        assert due - 0.005 <= at <= due + 1, one


async def test_replay_keeps_to_a_speed():
    collector = StreamingCollector()
    await collector.collect(stream(*RUN))

    fast = await timed_replay(collector, speed=20.0)
    slow = await timed_replay(collector, speed=0.5)

    assert [one for one, _ in fast] == [one for one, _ in slow]
    assert slow[-1][1] >= 0.395
    assert fast[-1][1] < slow[-1][1] / 2


async def test_replay_keeps_to_a_fixed_delay():
    collector = StreamingCollector()
    await collector.collect(stream(*RUN))

    played = await timed_replay(collector, fixed_delay=0.02)

    assert [at >= number * 0.0199 for number, (_, at) in enumerate(played)] == [True] * 4
    assert played[-1][1] >= 0.059


@pytest.mark.parametrize("options", [{"speed": 0.0}, {"speed": -1.0}, {"fixed_delay": -0.1}])
async def test_replay_refuses_a_pace_that_is_none(options):
    with pytest.raises(ValueError, match="speed must be above 0"):
        await anext(StreamingCollector().replay("a", **options))


async def test_replay_of_an_unknown_run_is_empty():
    assert [one async for one in StreamingCollector().replay("nobody")] == []
