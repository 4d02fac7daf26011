"""The units' commands, run as they are over PostgreSQL and Redis: all at once, as `systemctl enable --now` would."""

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from dotenv import dotenv_values

from deploy.cluster.postgresql import Postgresql
from deploy.cluster.process import free_port, manage
from deploy.cluster.redis import Redis
from tests.support.deploy_files import DEPLOY, UNITS
from tests.support.server import DISCARD, clean_environment
from tests.support.unit_process import UnitProcess

pytestmark = [pytest.mark.hosted, pytest.mark.long, pytest.mark.timeout(400)]


@pytest.fixture
def filled_in(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The example of the environment with what docs/deploying.md says to set; nothing else has been done."""
    with Postgresql() as postgresql, Redis(tmp_path) as redis:
        example = {name: value or "" for name, value in dotenv_values(DEPLOY / ".env.example").items()}
        yield {
            **example,
            "SECRET_KEY": "only-for-tests-" * 3,
            "DATABASE_URL": postgresql.url,
            "REDIS_URL": redis.url,
            "OLLAMA_HOST": DISCARD,
        }


def test_units_serve_together_and_end_in_time(filled_in: dict[str, str], tmp_path: Path) -> None:
    collect_static_files(tmp_path)
    units = made(tmp_path, filled_in)
    try:
        for unit in units:
            unit.launch()
        for unit in units:
            unit.wait_until_ready(90)
        web, port = units[2], units[2].command[-1]
        assert readiness(port)["status"] == "ready"
        assert len(re.findall(r"https://chat\.example\.org/accounts/first/\S+", web.output)) == 1
        sheet = re.search(r'href="(/static/css/[^"]+\.css)"', page(port, "/accounts/login/"))[1]
        assert re.search(r"\.[0-9a-f]{12}\.css$", sheet), "collected files have names that browsers may keep"
        assert "{" in page(port, sheet)
        for unit in reversed(units):
            unit.ask_to_end()
        codes = {unit.name: unit.wait(unit.stop_seconds) for unit in units}
        assert codes == dict.fromkeys(codes, 0), "\n".join(unit.output[-1000:] for unit in units)
    finally:
        for unit in units:
            unit.kill()


def made(folder: Path, filled_in: dict[str, str]) -> list[UnitProcess]:
    port = str(free_port())
    instances = {"chatsite-web@.service": port, "chatsite-streams@.service": "1"}
    serves = {
        "chatsite-beat.service": lambda: any((folder / "data").glob("beat-schedule*")),
        "chatsite-streams@.service": lambda: hears(filled_in, "streams-1@"),
        "chatsite-web@.service": lambda: readiness(port)["status"] == "ready",
        "chatsite-work.service": lambda: hears(filled_in, "work@"),
    }
    (folder / "data").mkdir()
    return [
        UnitProcess(unit, instances.get(unit.name, ""), folder=folder, file=filled_in, ready=serves[unit.name])
        for unit in UNITS
    ]


def collect_static_files(folder: Path) -> None:
    target = {"CHATSITE_STATIC_DIR": str(folder / "static")}
    manage("collectstatic", "--no-input", environment=clean_environment(folder / "collecting", target))


def readiness(port: str) -> dict[str, object]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            return json.load(answer)
    except OSError:
        return {"status": "unreachable"}


def page(port: str, path: str) -> str:
    headers = {"Host": "chat.example.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)) as answer:
        return answer.read().decode()


def hears(filled_in: dict[str, str], name: str) -> bool:
    """Whether the worker whose name begins so answers; `%h` has become this machine's name."""
    with Celery(broker=filled_in["REDIS_URL"], set_as_current=False) as app:
        answers = app.control.ping(timeout=1)
    return any(who.startswith(name) and "%" not in who for answer in answers for who in answer)
