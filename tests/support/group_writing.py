"""A group writer on a loop of its own, commits that go wrong, and what the log holds of a claim."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from streaming.events import Start, StreamingChunk
from streaming.runs import commit as commit_module
from streaming.runs.claim import Claim
from streaming.runs.group import GroupWriter
from streaming.runs.writer import RunWriter
from tests.support.rows import log

TICK = 0.05


def drive[T](work: Callable[[GroupWriter], Awaitable[T]], *, tick: float = TICK) -> T:
    """`work` beside a group writer on a loop of its own."""

    async def main() -> T:
        group = GroupWriter(tick_seconds=tick)
        loop = asyncio.create_task(group.run())
        working = asyncio.ensure_future(work(group))
        try:
            await asyncio.wait([loop, working], return_when=asyncio.FIRST_COMPLETED)
            assert not loop.done(), loop.exception()
            return working.result()
        finally:
            loop.cancel()
            await group.close()

    return asyncio.run(main())


@contextmanager
def commits_patched(monkeypatch, replace: Callable[[Callable], Callable]) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(commit_module, "_commit", replace(commit_module._commit))
        yield


async def say_all(writer: RunWriter, *texts: str) -> None:
    writer.say(Start())
    for text in texts:
        writer.say(StreamingChunk(text))
    await writer.written()


def said(claim: Claim) -> str:
    return "".join(event.data.delta for event in log(claim.stream_id) if isinstance(event.data, StreamingChunk))
