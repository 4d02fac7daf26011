"""What limits the guessing of passwords holds while Redis is away or refuses, and is in Redis again afterwards."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache.backends.redis import RedisCache
from django.test import Client

from chatsite.cache import RedisElseMemoryCache
from deploy.cluster.redis import Redis
from tests.support.rows import a_person
from tests.support.waiting import until

PASSWORD = "correct horse battery"
OURS = "chatsite.cache.RedisElseMemoryCache"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    with Redis(tmp_path) as process:
        yield process


def an_alice() -> None:
    alice = a_person("alice")
    alice.set_password(PASSWORD)
    alice.save()


def sign_in(password: str) -> bytes:
    answer = Client().post("/accounts/login/", {"login": "alice", "password": password})
    return b"in" if answer.status_code == 302 else answer.content


def test_cache_goes_on_in_memory_while_redis_is_away_and_returns_by_itself(redis: Redis, caplog) -> None:
    caplog.set_level(logging.INFO, logger="chatsite.cache")
    cache = RedisElseMemoryCache(redis.url, {"KEY_PREFIX": "chatsite"})
    plain = RedisCache(redis.url, {"KEY_PREFIX": "chatsite"})
    cache.set("shared", [1])
    assert plain.get("shared") == [1]

    redis.kill()
    began = time.monotonic()
    assert (cache.get("shared"), cache.add("count", 1), cache.add("count", 1)) == (None, True, False)
    assert (cache.incr("count"), cache.touch("count"), cache.get("count")) == (2, True, 2)
    assert (cache.delete("count"), cache.get("count", "gone")) == (True, "gone")
    assert time.monotonic() - began < 5

    redis.start()
    until(lambda: cache.add("again", 1) and plain.get("again"), "Redis is used again", every=0.2)
    assert caplog.messages == [
        "Redis is away or refuses (ConnectionError): what it counts is counted in this process.",
        "Redis answers again.",
    ]


REFUSALS = {
    "full": ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
    "replica": ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    "without replicas": ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"),
}
refusals = pytest.mark.parametrize(("refuse", "accept"), REFUSALS.values(), ids=REFUSALS)


@refusals
def test_cache_goes_on_in_memory_while_redis_takes_no_writes(redis: Redis, caplog, refuse: str, accept: str) -> None:
    caplog.set_level(logging.INFO, logger="chatsite.cache")
    cache = RedisElseMemoryCache(redis.url, {})
    plain = RedisCache(redis.url, {})
    cache.set("count", 7)
    redis.ask(refuse)
    cache.set("count", 8)
    assert (plain.get("count"), cache.get("count"), cache.incr("count")) == (7, 8, 9)

    proven = cache._outage.until
    until(lambda: cache.get("count") == 9 and cache._outage.until > proven, "Redis was tried again", every=0.2)
    assert cache.get("count") == 9, "Redis still answers with what was counted there before"

    redis.ask(accept)
    until(lambda: cache.add("again", 1) and plain.get("again"), "Redis is used again", every=0.2)
    assert [message.partition(" (")[0] for message in caplog.messages] == [
        "Redis is away or refuses",
        "Redis answers again.",
    ]


@refusals
@pytest.mark.django_db
def test_people_sign_in_and_no_one_guesses_while_redis_takes_no_writes(
    redis: Redis, settings, refuse: str, accept: str
) -> None:
    settings.CACHES = {"default": {"BACKEND": OURS, "LOCATION": redis.url}}
    an_alice()
    redis.ask(refuse)
    assert sign_in(PASSWORD) == b"in"
    guessed = [b"Too many attempts" in sign_in(f"wrong {number}") for number in range(7)]
    assert guessed == [False] * 5 + [True] * 2
    redis.ask(accept)


@pytest.mark.django_db
def test_cache_of_a_redis_that_is_away_lets_people_sign_in_and_no_one_guess(redis: Redis, settings) -> None:
    settings.CACHES = {"default": {"BACKEND": OURS, "LOCATION": redis.url}}
    an_alice()
    redis.kill()

    assert sign_in(PASSWORD) == b"in"

    guessed = [b"Too many attempts" in sign_in(f"wrong {number}") for number in range(7)]
    assert guessed == [False] * 5 + [True] * 2
    assert b"Too many attempts" in sign_in(PASSWORD)
