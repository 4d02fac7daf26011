"""What a run without an engine tells: its events, a scripted agent to make them, and the one end they must have."""

import asyncio

from streaming import run_streaming

COUNT = "demo:5 tokens at 2000/s"


async def told(prompt=COUNT, **options):
    return [event async for event in run_streaming(prompt, **options)]


class Scripted:
    name = "scripted"
    resumable = False

    def __init__(self, *steps):
        self.steps = steps
        self.closed = False
        self.context = None

    async def run(self, context):
        self.context = context
        try:
            for step in self.steps:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, float):
                    await asyncio.sleep(step)
                else:
                    yield step
        finally:
            self.closed = True


def one_end(events):
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.is_terminal for event in events] == [False] * (len(events) - 1) + [True]
    assert len({event.run_id for event in events}) == 1
    assert {event.attempt for event in events} == {1}
    assert [event.ts for event in events] == sorted(event.ts for event in events)
    return events[-1].data
