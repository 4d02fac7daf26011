"""Redis under Sentinel, plain and over TLS: doorbell, cache, broker and a worker find the master, and the next one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.cluster.process import Process, ProcessDiedError, free_port
from deploy.cluster.product import ALONE, CELERY
from tests.support.certificates import make_certificate
from tests.support.readiness import readiness
from tests.support.redis_use import SECRET, USE_BROKER, USE_CACHE, USE_DOORBELL, use_all_three
from tests.support.sentinel_process import SERVICE, SentinelProcess
from tests.support.server import clean_environment, manage, running_server
from tests.support.waiting import until

pytestmark = [pytest.mark.hosted, pytest.mark.long]


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


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_sentinel_names_the_next_master_and_nobody_is_restarted(tmp_path: Path, *, tls: bool) -> None:
    with SentinelProcess("secret", "sentinels-own", tls=tls) as sentinel:
        environment = environment_of(sentinel, tls=tls)
        assert use_all_three(tmp_path, **environment).startswith("MESSAGES 1")
        with running_server(tmp_path, environment=environment) as server, working(tmp_path, environment):
            until(lambda: readiness(server.url)[0] == "ready", "all is well")
            sentinel.master.kill()
            until(lambda: readiness(server.url)[1]["doorbell"] != "ok", "the master's absence is told")
            until(lambda: readiness(server.url)[0] == "ready", "the replica has taken over", seconds=60)
            until(lambda: is_heard(tmp_path, environment), "the worker hears the new master", seconds=60)
        assert use_all_three(tmp_path, **environment).startswith("MESSAGES")


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
