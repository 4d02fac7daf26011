"""`/healthz` and `/readyz` of a process without Redis; with a Redis: tests/faults."""

import asyncio
import json
import time
from typing import Any

import pytest

from streaming.models import Engine
from streaming.models.database import database_now
from streaming.transport.drain import Drain
from streaming.web import readiness
from streaming.web.health import Health
from streaming.web.readiness import Check

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


async def application(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def ask(health: Health, path: str, method: str = "GET") -> tuple[int, dict]:
    sent: list[dict] = []

    async def send(message: dict) -> None:
        sent.append(message)

    await health({"type": "http", "path": path, "method": method, "headers": []}, None, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


def engine(seconds: float, queues: str | None = "streams,work") -> None:
    Engine.objects.create(label="host:1", capacity=1, queues=queues, expires_at=database_now() + seconds)


async def test_a_process_lives_whatever_it_needs(monkeypatch):
    monkeypatch.setattr("streaming.web.health.checks", lambda: pytest.fail("nobody is asked"))
    assert await ask(Health(application), "/healthz") == (200, {"status": "alive"})


async def test_a_process_with_all_it_needs_is_ready():
    await asyncio.to_thread(engine, 60)
    status, said = await ask(Health(application), "/readyz")
    assert (status, said["status"]) == (200, "ready")
    assert {name: check["status"] for name, check in said["checks"].items()} == dict.fromkeys(
        ("database", "doorbell", "engines", "queue"), "ok"
    )
    assert said["checks"]["engines"]["alive"] == 1
    assert "host" not in json.dumps(said)


async def test_without_an_engine_it_is_ready_and_says_what_that_costs():
    await asyncio.to_thread(engine, -1)
    status, said = await ask(Health(application), "/readyz")
    assert (status, said["status"]) == (200, "degraded")
    assert said["checks"]["engines"] == {
        "status": "trouble",
        "alive": 0,
        "streams": 0,
        "work": 0,
        "costs": "what people ask for is kept and waits",
    }


async def test_engines_that_answer_no_chats_are_no_help():
    """The children of a worker of the queue work are engines too."""
    for _ in range(2):
        await asyncio.to_thread(engine, 60, "work")
    _, said = await ask(Health(application), "/readyz")
    found = said["checks"]["engines"]
    assert (said["status"], found["status"]) == ("degraded", "trouble")
    assert (found["alive"], found["streams"], found["work"]) == (2, 0, 2)


@pytest.mark.parametrize("queues", ["streams", None])  # None: an older version, while versions change
async def test_engines_that_answer_chats_are_enough(queues):
    await asyncio.to_thread(engine, 60, queues)
    _, said = await ask(Health(application), "/readyz")
    assert (said["status"], said["checks"]["engines"]["streams"]) == ("ready", 1)


async def test_an_old_queue_is_told_with_its_age(monkeypatch):
    monkeypatch.setattr(readiness, "queue_age_seconds", lambda: 61.04)
    _, said = await ask(Health(application), "/readyz")
    assert said["checks"]["queue"] == {
        "status": "trouble",
        "oldest_seconds": 61.0,
        "costs": "what people ask for waits",
    }


async def test_without_its_database_it_is_unavailable_and_repeats_no_address(monkeypatch):
    def away() -> float:
        raise OSError("postgresql://u:hunter2@db.example/n is away")

    monkeypatch.setattr(readiness, "database_now", away)
    status, said = await ask(Health(application), "/readyz")
    assert (status, said["status"]) == (503, "unavailable")
    assert said["checks"]["database"] == {"status": "away"}
    assert "hunter2" not in json.dumps(said)


async def test_while_it_drains_it_is_not_ready_and_lives():
    drain = Drain()
    health = Health(application, drain=drain)
    drain.begin(seconds=0)
    assert await ask(health, "/readyz") == (503, {"status": "draining"})
    assert await ask(health, "/healthz") == (200, {"status": "alive"})


@pytest.mark.parametrize("path", ["/", "/healthz/", "/readyzz", "/c/1/"])
async def test_other_addresses_are_not_its_business(path):
    assert await ask(Health(application), path) == (418, {})


async def test_only_reading_is_allowed():
    assert (await ask(Health(application), "/readyz", "POST"))[0] == 405


async def test_a_check_that_hangs_is_given_up_and_not_asked_twice(monkeypatch):
    monkeypatch.setattr(readiness, "ANSWERS_WITHIN", 0.05)
    asked, let_go = [], asyncio.Event()

    async def hang() -> dict:
        asked.append(1)
        await let_go.wait()
        return {}

    check = Check("database", hang)
    began = time.monotonic()
    assert await check.result() == {"status": "away"}
    assert await check.result() == {"status": "away"}
    assert time.monotonic() - began < 10
    let_go.set()
    assert await check.result() == {"status": "away"}, "what came too late is no other answer than none"
    assert asked == [1]
    monkeypatch.setattr(check, "_until", 0.0)
    assert (await check.result())["status"] == "ok"
    assert asked == [1, 1]


async def test_a_check_is_asked_once_a_second_at_most(monkeypatch):
    asked = []

    async def ask_it() -> dict:
        asked.append(1)
        return {}

    check = Check("database", ask_it)
    first = await asyncio.gather(*(check.result() for _ in range(20)))
    assert all(each["status"] == "ok" for each in first)
    assert asked == [1]
    monkeypatch.setattr(check, "_until", 0.0)
    await check.result()
    assert asked == [1, 1]
