"""The doorbell over channels_redis' pub/sub layer and a real Redis, which goes away and comes back."""

import asyncio
import time

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer

from deploy.cluster.redis import Redis
from streaming import bell
from streaming.events import StreamingChunk, event_of
from tests.support.layers import layer_in_place

pytestmark = pytest.mark.hosted


@pytest.fixture
def redis(tmp_path):
    with Redis(tmp_path) as process:
        yield process


@pytest.fixture
async def layer(redis):
    layer = RedisPubSubChannelLayer(hosts=[redis.url], prefix="test")
    with layer_in_place(layer):
        yield layer
    await layer.flush()


def ring(seq: int, delta: str = "x") -> bell.Ring:
    return bell.Ring(1, "e", seq, (event_of(StreamingChunk(delta), seq=seq, ts=1, run_id="r", attempt=1),))


async def heard_in_the_end(ear: bell.Ear[bell.Ring], seq: int, seconds: float = 60) -> bell.Ring:
    """Ring until it is heard: what is rung while Redis is away is lost, as promised."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        bell.ring(ring(seq))
        heard = await ear.next(timeout=0.2)
        if heard is not None and heard.seq == seq:
            return heard
    raise AssertionError("the doorbell never came back")


async def test_ring_arrives_with_its_events_from_a_thread_without_a_loop(layer):
    async with bell.listen(1) as ear, bell.listen(2) as other:
        await asyncio.to_thread(bell.ring, ring(1, "é\n<b>"))
        assert await ear.next(timeout=30) == ring(1, "é\n<b>")
        assert await other.next(timeout=0.2) is None


async def test_ring_with_much_text_carries_the_head_only(layer):
    async with bell.listen(1) as ear:
        bell.ring(ring(3, "x" * 20_000))
        assert await ear.next(timeout=30) == bell.Ring(1, "e", 3)


async def test_hints_reach_engines_through_redis(layer):
    async with bell.listen_for_hints() as ear:
        bell.hint_engines(bell.EngineHint("claim", "r1"))
        assert await ear.next(timeout=30) == bell.EngineHint("claim", "r1")


@pytest.mark.parametrize("waiting", [True, False])
async def test_leaving_unsubscribes(layer, redis, waiting):
    async with bell.listen(1) as ear:
        bell.ring(ring(1))
        assert await ear.next(timeout=30) == ring(1)
        if waiting:
            assert await ear.next(timeout=0.05) is None
    inner = layer._get_layer()
    assert not inner.channels
    assert not inner.groups
    assert all(not shard._subscribed_to for shard in inner._shards)


async def test_loss_of_redis_costs_the_ringer_nothing_and_the_doorbell_comes_back(layer, redis):
    async with bell.listen(1) as ear:
        bell.ring(ring(1))
        assert await ear.next(timeout=30) == ring(1)
        redis.kill()
        failed = bell.health().failed
        started = time.perf_counter()
        for seq in range(2, 502):
            bell.ring(ring(seq))
        assert time.perf_counter() - started < 5
        while bell.health().failed == failed:
            assert await ear.next(timeout=0.05) is None
        assert bell.health().failing
        assert "Error" in bell.health().last_error
        redis.start()
        assert await heard_in_the_end(ear, 1_000) == ring(1_000)
        assert not bell.health().failing


async def test_listener_that_starts_without_redis_says_it_is_unsure_and_then_hears(layer, redis):
    redis.kill()
    started = time.perf_counter()
    async with bell.listen(1) as ear:
        assert time.perf_counter() - started < 20
        assert await ear.next(timeout=0.1) is None
        redis.start()
        assert await ear.next(timeout=60) == bell.Ring(1, "", 0)
        assert await heard_in_the_end(ear, 5) == ring(5)


async def test_queue_is_bounded_while_redis_is_away(layer, redis):
    redis.kill()
    dropped = bell.health().dropped
    for seq in range(5_000):
        bell.ring(ring(seq))
    assert bell.health().dropped - dropped >= 2_900
