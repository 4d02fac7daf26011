"""The in-process channel layer: order, bounds, groups, and waking across threads and loops."""

import asyncio
import threading

import pytest

from streaming.bell.memory import InProcessChannelLayer


@pytest.fixture
def layer() -> InProcessChannelLayer:
    return InProcessChannelLayer(capacity=4)


async def test_layer_gives_messages_in_order(layer):
    for n in range(3):
        await layer.send("a", {"n": n})
    assert [(await layer.receive("a"))["n"] for _ in range(3)] == [0, 1, 2]


async def test_layer_drops_the_oldest_when_full(layer):
    for n in range(10):
        await layer.send("a", {"n": n})
    assert [(await layer.receive("a"))["n"] for _ in range(4)] == [6, 7, 8, 9]


async def test_layer_group_reaches_members_only_while_they_are_members(layer):
    await layer.group_add("g", "a")
    await layer.group_add("g", "b")
    await layer.group_discard("g", "b")
    await layer.group_send("g", {"n": 1})
    assert await layer.receive("a") == {"n": 1}
    assert not layer._boxes
    await layer.group_discard("g", "a")
    assert not layer._groups


async def test_layer_new_channels_are_distinct_and_local(layer):
    one, two = await layer.new_channel(), await layer.new_channel("chat")
    assert one != two
    assert two.startswith("chat.")
    assert "!" in one
    await layer.send(one, {"n": 1})
    assert await layer.receive(one) == {"n": 1}


@pytest.mark.parametrize("name", ["", "with space", "x" * 100, "a/b"])
async def test_layer_refuses_bad_names(layer, name):
    with pytest.raises(TypeError):
        await layer.send(name, {})
    with pytest.raises(TypeError):
        await layer.group_send(name, {})


async def test_layer_wakes_a_waiting_loop_from_a_plain_thread(layer):
    receiving = asyncio.create_task(layer.receive("a"))
    await asyncio.sleep(0)
    thread = threading.Thread(target=layer.send_now, args=("a", {"n": 1}))
    thread.start()
    assert await asyncio.wait_for(receiving, 30) == {"n": 1}
    thread.join()


def test_layer_carries_every_message_between_two_loops():
    layer = InProcessChannelLayer(capacity=5_000)
    got: list[int] = []
    ready = threading.Event()

    async def read() -> None:
        await layer.group_add("g", "a")
        ready.set()
        while len(got) < 2_000:
            got.append((await layer.receive("a"))["n"])

    async def write() -> None:
        for n in range(2_000):
            await layer.group_send("g", {"n": n})
            if n % 100 == 0:
                await asyncio.sleep(0.001)

    reader = threading.Thread(target=lambda: asyncio.run(asyncio.wait_for(read(), 60)))
    reader.start()
    assert ready.wait(30)
    asyncio.run(write())
    reader.join(60)
    assert got == list(range(2_000))


async def test_layer_keeps_a_message_when_its_receiver_is_cancelled_while_being_woken(layer):
    first = asyncio.create_task(layer.receive("a"))
    second = asyncio.create_task(layer.receive("a"))
    await asyncio.sleep(0)
    layer.send_now("a", {"n": 1})
    first.cancel()
    assert await asyncio.wait_for(second, 30) == {"n": 1}
    assert first.cancelled()
    assert not layer._boxes


async def test_layer_leaves_nothing_behind_for_a_cancelled_receiver(layer):
    receiving = asyncio.create_task(layer.receive("a"))
    await asyncio.sleep(0)
    receiving.cancel()
    await asyncio.wait({receiving})
    assert not layer._boxes


def test_layer_passes_over_a_receiver_whose_loop_has_closed(layer):
    loop = asyncio.new_event_loop()
    abandoned = layer.receive("a")
    loop.run_until_complete(_start(abandoned))
    loop.close()

    async def receive() -> dict[str, int]:
        task = asyncio.create_task(layer.receive("a"))
        await asyncio.sleep(0)
        layer.send_now("a", {"n": 7})
        return await asyncio.wait_for(task, 30)

    assert asyncio.run(receive()) == {"n": 7}


async def _start(receiving) -> None:
    """Run a coroutine up to its first wait and no further, as a loop does that ends too early."""
    receiving.send(None)


async def test_layer_flush_forgets_messages_and_groups_but_not_who_waits(layer):
    await layer.group_add("g", "a")
    await layer.send("b", {"n": 1})
    receiving = asyncio.create_task(layer.receive("a"))
    await asyncio.sleep(0)
    await layer.flush()
    await layer.group_send("g", {"n": 2})
    await layer.send("a", {"n": 3})
    assert await asyncio.wait_for(receiving, 30) == {"n": 3}
    assert not layer._groups
    assert not layer._boxes
