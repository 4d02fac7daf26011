"""Agents that block, for the processes that tests start: one that obeys, one that is deaf, one that hangs."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from streaming.agents.protocol import RunContext
from streaming.agents.registry import register_blocking
from streaming.events import EventData, Progress, StreamingChunk


class Steps:
    """Says a number every `pause` seconds, `steps` times.

    With `gate` it waits for that file before it says the number `halt`, which is 1 if nothing is said.
    """

    name = "steps"
    resumable = False

    def work(self, context: RunContext, stop: threading.Event) -> Iterator[EventData]:
        steps, pause = context.arguments.get("steps", 20), context.arguments.get("pause", 0.1)
        for step in range(1, steps + 1):
            if step == context.arguments.get("halt", 1):
                _wait_at_gate(context, stop)
            yield StreamingChunk(f"{step} ")
            yield Progress(step=step, total=steps)
            stop.wait(pause)


class Anew(Steps):
    """The same, begun anew by itself when its process has died."""

    name = "anew"
    resumable = True


class Deaf:
    """Speaks once and then does not listen for `seconds`, or until the file `gate` is there."""

    name = "deaf"
    resumable = False

    def work(self, context: RunContext, _stop: threading.Event) -> Iterator[EventData]:
        yield StreamingChunk("said before ")
        until = time.monotonic() + context.arguments.get("seconds", 300)
        while time.monotonic() < until and not Path(context.arguments.get("gate", "/nowhere")).exists():
            time.sleep(0.05)
        yield StreamingChunk("never said")


class Hanging:
    """Speaks once and then holds the interpreter's lock for hours."""

    name = "hanging"
    resumable = False

    def work(self, _context: RunContext, stop: threading.Event) -> Iterator[EventData]:
        yield StreamingChunk("said before ")
        stop.wait(1)
        re.match(r"(a|a)*b", "a" * 60)


def _wait_at_gate(context: RunContext, stop: threading.Event) -> None:
    while (gate := context.arguments.get("gate")) and not (Path(gate).exists() or stop.wait(0.05)):
        pass


for agent in (Steps(), Anew(), Deaf(), Hanging()):
    register_blocking(agent)
