"""Redis with a password, over TLS, at a socket's path and under Sentinel: doorbell, cache and broker with each."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from deploy.cluster.process import Process, ProcessDiedError, free_port
from deploy.cluster.product import ALONE, CELERY
from deploy.cluster.redis import Redis
from tests.support.certificates import make_certificate
from tests.support.sentinel_process import SERVICE, SentinelProcess
from tests.support.server import ChatServer, clean_environment, manage, running_server
from tests.support.waiting import until

pytestmark = pytest.mark.hosted
PASSWORD = "p:a/s@s wörd%"
SECRET = {"SECRET_KEY": "only-for-tests-" * 3}
USE_BROKER = "from streaming.tasks.broker import prove_broker; prove_broker(seconds=3)"
USE_DOORBELL = """
import asyncio
from streaming import bell
asyncio.run(bell.hear_yourself(seconds=5))
"""
USE_CACHE = """
from django.core.cache import cache
cache.set("a", 1)
assert cache.get("a") == 1 and not cache._outage.lasts, "the cache is not in Redis"
"""
USE_ALL_THREE = f"""
{USE_DOORBELL}
{USE_CACHE}
from chatsite.celery import app
from streaming.tasks.broker import prove_broker
app.send_task("probe", queue="probe", retry=False)
with app.connection_for_read() as broker:
    print("MESSAGES", broker.default_channel.client.llen("probe"), prove_broker(seconds=3))
"""


def use_all_three(folder: Path, **environment: str) -> str:
    printed = manage(folder, "shell", "--verbosity", "0", "-c", USE_ALL_THREE, environment={**SECRET, **environment})
    return printed.strip()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    redis = Redis(tmp_path, password=PASSWORD)
    yield redis.start()
    redis.kill()


def test_redis_with_a_password(redis: Redis, tmp_path: Path) -> None:
    url = f"redis://:{quote(PASSWORD, safe='')}@127.0.0.1:{redis.port}/3"
    printed = use_all_three(tmp_path, REDIS_URL=url)
    assert printed.startswith("MESSAGES 1")
    assert PASSWORD not in printed
    assert quote(PASSWORD, safe="") not in printed
    with pytest.raises(ProcessDiedError, match=r"Authentication|NOAUTH|WRONGPASS|invalid username"):
        use_all_three(tmp_path, REDIS_URL=f"redis://:wrong@127.0.0.1:{redis.port}/3")


def test_redis_over_tls_with_a_certificate_of_ones_own(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "redis")
    stranger, _ = make_certificate(tmp_path, "stranger")
    port = free_port()
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-ca-cert-file", str(certificate))
    redis = Redis(tmp_path, "--tls-port", str(port), *files, "--tls-auth-clients", "no", password="secret")
    redis.start()
    url = f"rediss://:secret@127.0.0.1:{port}/0"
    try:
        assert use_all_three(tmp_path, REDIS_URL=url, CHATSITE_REDIS_CA=str(certificate)).startswith("MESSAGES 1")
        for trusted in ({}, {"CHATSITE_REDIS_CA": str(stranger)}):
            with pytest.raises(ProcessDiedError, match="CERTIFICATE_VERIFY_FAILED"):
                use_all_three(tmp_path, REDIS_URL=url, **trusted)
            with pytest.raises(ProcessDiedError, match="CERTIFICATE_VERIFY_FAILED"):  # the broker alone
                manage(tmp_path, "shell", "-c", USE_BROKER, environment={**SECRET, "REDIS_URL": url, **trusted})
    finally:
        redis.kill()


def test_redis_at_the_path_of_a_socket(tmp_path: Path) -> None:
    redis = Redis(tmp_path, "--unixsocket", str(tmp_path / "redis.sock"), password="secret")
    redis.start()
    try:
        assert use_all_three(tmp_path, REDIS_URL=f"unix://:secret@{tmp_path}/redis.sock").startswith("MESSAGES 1")
    finally:
        redis.kill()


def readiness(server: ChatServer) -> dict[str, str]:
    with urllib.request.urlopen(f"{server.url}/readyz", timeout=10) as answer:
        said = json.load(answer)
    return {"whole": said["status"], **{name: check["status"] for name, check in said["checks"].items()}}


def environment_of(sentinel: SentinelProcess, *, tls: bool) -> dict[str, str]:
    return {
        **SECRET,
        "REDIS_URL": f"redis{'s' if tls else ''}://:secret@{SERVICE}/0",
        "CHATSITE_REDIS_SENTINELS": f"127.0.0.1:{free_port()},127.0.0.1:{sentinel.port}",  # the first is gone
        "CHATSITE_REDIS_SENTINEL_PASSWORD": "sentinels-own",
        **({"CHATSITE_REDIS_CA": str(sentinel.authorities)} if tls else {}),
    }


@contextmanager
def working(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """A Celery worker that hears its broker."""
    worker = Process(
        "worker",
        [*CELERY, "worker", "-Q", "streams", "-P", "threads", "-c", "1", "-n", "worker@localhost", *ALONE],
        folder=folder,
        environment=clean_environment(folder, environment),
        ready=lambda: is_heard(folder, environment),
    )
    try:
        worker.start()
        yield
    finally:
        worker.kill()


def is_heard(folder: Path, environment: dict[str, str]) -> bool:
    answers = "from chatsite.celery import app; print('ANSWERS', len(app.control.ping(timeout=2, limit=1)))"
    return "ANSWERS 1" in manage(folder, "shell", "-c", answers, environment=environment)


@pytest.mark.long
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_sentinel_names_the_next_master_and_nobody_is_restarted(tmp_path: Path, *, tls: bool) -> None:
    with SentinelProcess("secret", "sentinels-own", tls=tls) as sentinel:
        environment = environment_of(sentinel, tls=tls)
        assert use_all_three(tmp_path, **environment).startswith("MESSAGES 1")
        with running_server(tmp_path, environment=environment) as server, working(tmp_path, environment):
            until(lambda: readiness(server)["whole"] == "ready", "all is well")
            sentinel.master.kill()
            until(lambda: readiness(server)["doorbell"] != "ok", "the master's absence is told")
            until(lambda: readiness(server)["whole"] == "ready", "the replica has taken over", seconds=60)
            until(lambda: is_heard(tmp_path, environment), "the worker hears the new master", seconds=60)
        assert use_all_three(tmp_path, **environment).startswith("MESSAGES")


@pytest.mark.long
def test_certificates_of_sentinel_and_master_are_checked_by_all_three(tmp_path: Path) -> None:
    stranger, _ = make_certificate(tmp_path, "stranger")
    refused = r"CERTIFICATE_VERIFY_FAILED|No master found"
    uses = {USE_DOORBELL: refused, USE_CACHE: "the cache is not in Redis", USE_BROKER: refused}
    with SentinelProcess("secret", "sentinels-own", tls=True) as sentinel:
        environment = environment_of(sentinel, tls=True)
        for use in uses:
            manage(tmp_path, "shell", "-c", use, environment=environment)
        for trusted in (stranger, sentinel.own_certificate):
            environment["CHATSITE_REDIS_CA"] = str(trusted)
            for use, complaint in uses.items():
                with pytest.raises(ProcessDiedError, match=complaint):
                    manage(tmp_path, "shell", "-c", use, environment=environment)


REFUSED = [
    ({"REDIS_URL": "redis+cluster://h:7000"}, "a Redis Cluster cannot carry Celery's messages"),
    ({"REDIS_URL": "redis://h/0?ssl_cert_reqs=none"}, "leave out what follows ?"),
    ({"REDIS_URL": "redis://h/queue"}, "use the number of a database"),
    ({"CHATSITE_REDIS_SENTINELS": "h:1"}, "CHATSITE_REDIS_SENTINELS needs REDIS_URL beside it"),
    ({"CHATSITE_REDIS_SENTINELS": "h:x", "REDIS_URL": "redis://m/0"}, "use host:port, separated by commas"),
    ({"CHATSITE_REDIS_CA": "/nowhere", "REDIS_URL": "rediss://m/0"}, "use a file that is there"),
]


@pytest.mark.parametrize(("environment", "complaint"), REFUSED)
def test_what_cannot_be_used_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], complaint: str
) -> None:
    from chatsite.environment import BadEnvironmentError, read_environment
    from chatsite.mode import decide_mode

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BadEnvironmentError) as refused:
        decide_mode(read_environment())
    assert complaint in str(refused.value)
