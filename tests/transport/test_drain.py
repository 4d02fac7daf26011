import asyncio
import threading

from streaming.transport.drain import Drain
from tests.support.eventually import eventually


async def test_drain_ends_every_stream_at_different_moments():
    drain, ended = Drain(), []
    loop = asyncio.get_running_loop()
    ends = [lambda n=n: ended.append((n, loop.time())) for n in range(20)]
    stack = [drain.watching(end) for end in ends]
    for each in stack:
        each.__enter__()
    assert drain.open_streams == 20
    threading.Thread(target=drain.begin, kwargs={"seconds": 0.3}).start()
    await eventually(lambda: len(ended) == 20)
    assert sorted(n for n, _ in ended) == list(range(20))
    assert [n for n, _ in ended] != list(range(20)), "each has a moment of its own"
    for each in stack:
        each.__exit__(None, None, None)
    assert drain.open_streams == 0


async def test_drain_tells_nobody_who_has_left():
    drain, ended = Drain(), []
    with drain.watching(lambda: ended.append(1)):
        drain.begin(seconds=0.05)
    await asyncio.sleep(0.1)
    assert ended == []


async def test_stream_that_starts_after_the_drain_began_is_told_at_once():
    drain, ended = Drain(), []
    drain.begin(seconds=100)
    drain.begin(seconds=100)
    with drain.watching(lambda: ended.append(1)):
        await eventually(lambda: ended == [1])
