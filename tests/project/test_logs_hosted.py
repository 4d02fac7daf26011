"""What the processes of a hosted site write: a JSON object a line, with ids and roles, and nothing that is private."""

import json
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cluster.process import Process, ProcessDiedError
from deploy.cluster.product import Web
from deploy.cluster.redis import Redis
from tests.support.hosted import Site, running_stores
from tests.support.model_server import ModelServer
from tests.support.person import Person
from tests.support.scripts import Fail, Script, spoken
from tests.support.waiting import until

pytestmark = pytest.mark.hosted
MARK = "hunter2"  # in everything that is private


@pytest.fixture
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def site(tmp_path: Path, models: ModelServer) -> Iterator[Site]:
    environment = {
        "OPENAI_BASE_URL": models.openai_url,
        "OPENAI_API_KEY": f"sk-{MARK}-key",
        "CHATSITE_LOG_LEVEL": "DEBUG",
    }
    with running_stores(tmp_path, environment) as site:
        site.redis.kill()
        site.redis = Redis(tmp_path, password=f"{MARK}-redis").start()
        site.environment |= {
            "SECRET_KEY": f"{MARK}-secret-key-" * 3,
            "DATABASE_URL": site.postgresql.url.replace("chatsite@", f"chatsite:{MARK}-database@"),
            "REDIS_URL": site.redis.url,
        }
        site.webs.append(Web("web-1", folder=tmp_path, environment=site.environment))
        site.webs[0].start()
        site.add_worker()
        yield site


def lines_of(process: Process) -> list[dict]:
    """Its lines of JSON. Celery's banner and the server's two sentences go to standard output."""
    lines = [line for line in process.output.splitlines() if line.startswith("{")]
    assert lines
    return [json.loads(line) for line in lines]


def test_logs_of_a_site_tell_ids_and_roles_and_no_content(site: Site, models: ModelServer) -> None:
    person = Person(site)
    models.answer(f"question {MARK}", Script(spoken([f"{MARK} " * 3] * 50)))
    models.answer(f"failing {MARK}", Script([Fail(f"the key sk-{MARK}-key failed")]))
    conversation, run = person.start(f"question {MARK}")
    until(lambda: site.log.run(run).state == "complete", "the answer is complete")
    failing = person.ask(conversation, f"failing {MARK}")
    until(lambda: site.log.run(failing).state == "error", "the other one failed")
    with pytest.raises((AssertionError, ProcessDiedError, urllib.error.HTTPError)):
        site.sign_in(f"{MARK}-nobody")
    site.redis.kill()
    person.ask(conversation, f"again {MARK}")
    until(lambda: "cannot be rung" in site.streams[0].output, "Redis' absence is told")
    for process in (site.webs[0], *site.streams):
        process.end()

    for process in (site.webs[0], *site.streams):
        assert MARK not in process.output
        for line in lines_of(process):
            assert {"time", "level", "event", "role"} <= line.keys()
    [ended] = [line for line in lines_of(site.streams[0]) if line.get("run") == run and line["event"] == "run ended"]
    assert (ended["conversation"], ended["outcome"], ended["role"]) == (conversation, "complete", "worker streams")
    assert any(line["event"] == "woken" and line["run"] == run for line in lines_of(site.streams[0]))
    assert {line["role"] for line in lines_of(site.webs[0])} == {"web"}
