"""What deploy/ names is what the product has: variables, commands, queues, files, times."""

import re

import pytest
from dotenv import dotenv_values

from chatsite.environment import Environment, variables
from streaming.management.commands.serve import SPREAD_SECONDS
from streaming.transport.server import CLOSING_SECONDS
from tests.support.deploy_files import DEPLOY, ROOT, UNITS, WRITTEN_BY_HAND, commands, compose_services, settings_of

KNOWN = {name for name, _ in variables()}
OF_IMAGES = {"POSTGRES_PASSWORD"}  # PostgreSQL's image reads it
EXAMPLE = dotenv_values(DEPLOY / ".env.example")


@pytest.mark.parametrize("path", [*WRITTEN_BY_HAND, ROOT / "docs" / "deploying.md"], ids=lambda path: path.name)
def test_variables_exist(path):
    named = set(re.findall(r"\b(?:CHATSITE_[A-Z_]+|[A-Z_]+_URL|ALLOWED_HOSTS|SECRET_KEY)\b", path.read_text()))
    assert named <= KNOWN


def test_example_holds_no_secret_and_only_what_is_known():
    assert set(EXAMPLE) <= KNOWN | OF_IMAGES
    given = {name for name, value in EXAMPLE.items() if value}
    assert given == {"CHATSITE_PUBLIC_URL", "ALLOWED_HOSTS", "CHATSITE_TRUSTED_PROXIES", "CHATSITE_DRAIN_SECONDS"}


def test_example_is_an_environment_that_starts(monkeypatch):
    for name, value in EXAMPLE.items():
        monkeypatch.setenv(name, value or "")
    environment = Environment()
    assert (environment.trusted_proxies, environment.allowed_hosts) == (1, ("chat.example.org",))
    assert environment.secret_key is environment.redis_url is None, "what is empty counts as unset"


def test_filled_in_settings_stay_out_of_the_repository():
    assert "/deploy/.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_commands_are_those_of_the_product():
    found = list(commands())
    assert len(found) == len(UNITS) + 7
    ours = [command for command in found if command[0] in {"python", "celery"}]
    assert {tuple(command[:4]) for command in ours} == {
        ("python", "manage.py", "serve", "--web"),
        ("celery", "-A", "chatsite.celery", "worker"),
        ("celery", "-A", "chatsite.celery", "beat"),
    }
    queues = {command[command.index("-Q") + 1]: command[command.index("-P") + 1] for command in ours if "-Q" in command}
    assert queues == {"streams": "threads", "work": "prefork"}
    assert sum("beat" in command for command in ours) == 2, "one unit, one container"


def test_every_process_is_there_as_unit_and_as_container():
    assert [unit.name for unit in UNITS] == [
        "chatsite-beat.service",
        "chatsite-streams@.service",
        "chatsite-web@.service",
        "chatsite-work.service",
    ]
    assert set(compose_services()) == {
        "web-1", "web-2", "streams", "work", "beat", "proxy", "postgresql", "redis",
    }  # fmt: skip


def test_processes_have_the_time_to_drain():
    drain = float(EXAMPLE["CHATSITE_DRAIN_SECONDS"] or 0)
    stops = {unit.name: float(settings_of(unit)["TimeoutStopSec"]) for unit in UNITS}
    assert stops["chatsite-web@.service"] > SPREAD_SECONDS + CLOSING_SECONDS
    assert min(stops["chatsite-streams@.service"], stops["chatsite-work.service"]) > drain + 20
    assert (
        "stop_grace_period: 60s" in (DEPLOY / "compose.yaml").read_text().partition("x-worker")[2].partition("\n\n")[0]
    )
    assert "stop_grace_period: 30s" in compose_services()["web-1"]


def test_proxies_wait_longer_than_a_stream_is_silent():
    from streaming.web.feed import BEAT_SECONDS

    waits = [float(text) for text in re.findall(r"read_timeout (\d+)s", (DEPLOY / "nginx.conf").read_text())]
    waits += [float(text) for text in re.findall(r"read_timeout (\d+)s", (DEPLOY / "Caddyfile").read_text())]
    assert len(waits) == 2
    assert min(waits) > 5 * BEAT_SECONDS


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_proxies_let_the_longest_prompt_through(name, settings):
    found = re.search(r"(?:client_max_body_size|max_size) (\d+)m", (DEPLOY / name).read_text(), re.IGNORECASE)
    assert int(found[1]) * 1024**2 > settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def test_address_that_is_believed_is_the_proxys_own(rf, settings):
    from allauth.account.adapter import get_adapter

    settings.ALLAUTH_TRUSTED_PROXY_COUNT = int(EXAMPLE["CHATSITE_TRUSTED_PROXIES"] or 0)
    request = rf.get("/", headers={"X-Forwarded-For": "6.6.6.6, 192.0.2.1"})
    assert get_adapter().get_client_ip(request) == "192.0.2.1"
