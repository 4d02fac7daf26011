"""The runs that one engine executes now. Knows tasks and writers; knows no database."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from streaming.runs.claim import Claim
from streaming.runs.execute import ask_to_stop
from streaming.runs.writer import RunWriter, WriteRefusedError

REMEMBERED_STOPS = 1_000  # a stop may be heard before the claim that it is meant for has come back
LETTING_GO_SECONDS = 5.0


@dataclass(slots=True, eq=False)
class Held:
    """A run that is executed now."""

    claim: Claim
    task: "asyncio.Task[None]"
    writer: RunWriter

    @property
    def crashed(self) -> bool:
        """Whether its task, which has ended, failed for another reason than a writer that was refused."""
        error = None if self.task.cancelled() else self.task.exception()
        return error is not None and not isinstance(error, WriteRefusedError)


class Holding:
    """Runs by id, one attempt each. Used on the engine's loop only.

    `let_go` is called with each of them when its task has ended, however it did.
    """

    def __init__(self, let_go: Callable[[Held], None]) -> None:
        self._held: dict[str, Held] = {}
        self._stops: OrderedDict[str, None] = OrderedDict()
        self._let_go = let_go

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._held

    def start(self, writer: RunWriter, work: Coroutine[Any, Any, None]) -> None:
        """Execute `work` as the newest attempt of its run; an attempt that was overtaken unseen is refused."""
        claim = writer.claim
        if (overtaken := self._held.get(claim.run_id)) is not None:
            overtaken.writer.refuse("the run was claimed again")
        task = asyncio.create_task(work, name=f"run {claim.run_id}")
        held = self._held[claim.run_id] = Held(claim, task, writer)
        writer.on_refused = task.cancel
        task.add_done_callback(lambda _: self._ended(held))
        if claim.run_id in self._stops:
            ask_to_stop(task, by="")

    def all(self) -> list[Held]:
        """What is held at this moment."""
        return list(self._held.values())

    def holds(self, held: Held) -> bool:
        """Whether this very attempt is still at work."""
        return self._held.get(held.claim.run_id) is held and not held.task.done()

    def stop(self, run_id: str) -> None:
        """Stop the run, if it is held or comes to be held soon."""
        self._stops[run_id] = None
        if len(self._stops) > REMEMBERED_STOPS:
            self._stops.popitem(last=False)
        if run_id in self._held:
            ask_to_stop(self._held[run_id].task, by="")

    async def wait(self, *, seconds: float) -> bool:
        """Wait until nothing is held; False when something still is after `seconds`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self._held and loop.time() < until:
            await asyncio.wait([held.task for held in self.all()], timeout=until - loop.time())
        return not self._held

    def refuse_all(self, reason: str) -> None:
        """Nobody commits any more what these runs say."""
        for held in self.all():
            held.writer.refuse(reason)

    async def abandon(self) -> None:
        """End all tasks without a last word, their writers refused."""
        self.refuse_all("the engine stops")
        for held in self.all():
            held.task.cancel()
        await self.wait(seconds=LETTING_GO_SECONDS)

    def _ended(self, held: Held) -> None:
        if self._held.get(held.claim.run_id) is held:
            del self._held[held.claim.run_id]
        self._stops.pop(held.claim.run_id, None)
        self._let_go(held)
