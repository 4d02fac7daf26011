"""Redis with a password, over TLS and at a socket's path: doorbell, cache and broker with each."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from deploy.cluster.process import ProcessDiedError, free_port
from deploy.cluster.redis import Redis
from tests.support.certificates import make_certificate
from tests.support.redis_use import SECRET, USE_BROKER, use_all_three
from tests.support.server import manage

pytestmark = pytest.mark.hosted
PASSWORD = "p:a/s@s wörd%"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    with Redis(tmp_path, password=PASSWORD) as redis:
        yield redis


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
    url = f"rediss://:secret@127.0.0.1:{port}/0"
    with Redis(tmp_path, "--tls-port", str(port), *files, "--tls-auth-clients", "no", password="secret"):
        assert use_all_three(tmp_path, REDIS_URL=url, CHATSITE_REDIS_CA=str(certificate)).startswith("MESSAGES 1")
        for trusted in ({}, {"CHATSITE_REDIS_CA": str(stranger)}):
            with pytest.raises(ProcessDiedError, match="CERTIFICATE_VERIFY_FAILED"):
                use_all_three(tmp_path, REDIS_URL=url, **trusted)
            with pytest.raises(ProcessDiedError, match="CERTIFICATE_VERIFY_FAILED"):  # the broker alone
                manage(tmp_path, "shell", "-c", USE_BROKER, environment={**SECRET, "REDIS_URL": url, **trusted})


def test_redis_at_the_path_of_a_socket(tmp_path: Path) -> None:
    with Redis(tmp_path, "--unixsocket", str(tmp_path / "redis.sock"), password="secret"):
        assert use_all_three(tmp_path, REDIS_URL=f"unix://:secret@{tmp_path}/redis.sock").startswith("MESSAGES 1")


REFUSED = [
    ({"REDIS_URL": "redis+cluster://h:7000"}, "a Redis Cluster cannot carry Celery's messages"),
    ({"REDIS_URL": "redis://h/0?ssl_cert_reqs=none"}, "leave out what follows ?"),
    ({"REDIS_URL": "redis://h/queue"}, "use the number of a database"),
    ({"CHATSITE_REDIS_SENTINELS": "h:1"}, "CHATSITE_REDIS_SENTINELS needs REDIS_URL beside it"),
    ({"CELERY_BROKER_URL": "amqp://u:p@h/v"}, "CELERY_BROKER_URL needs REDIS_URL beside it"),
    ({"CELERY_BROKER_URL": "redis://h/1", "DATABASE_URL": "postgresql://h/n"}, "CELERY_BROKER_URL needs REDIS_URL"),
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
