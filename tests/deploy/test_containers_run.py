"""The containers' commands and health checks, run as they are over the files that the image holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cluster.postgresql import Postgresql
from deploy.cluster.process import free_port
from deploy.cluster.redis import Redis
from tests.support.container_process import ContainerProcess
from tests.support.image_folder import ImageFolder
from tests.support.server import DISCARD

pytestmark = [pytest.mark.hosted, pytest.mark.long, pytest.mark.timeout(500)]
SERVICES = ("web-1", "web-2", "streams", "work", "beat")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What compose.yaml and a filled-in deploy/.env give every container."""
    with Postgresql() as postgresql, Redis(tmp_path) as redis:
        yield {
            "DATABASE_URL": postgresql.url,
            "REDIS_URL": redis.url,
            "SECRET_KEY": "only-for-tests-" * 3,
            "CHATSITE_PUBLIC_URL": "https://chat.example.org",
            "CHATSITE_TRUSTED_PROXIES": "1",
            "OLLAMA_HOST": DISCARD,
        }


def test_containers_become_healthy_and_end_in_time(environment: dict[str, str], tmp_path: Path) -> None:
    image = ImageFolder(tmp_path / "image")
    image.build()
    built = image.files()
    # Containers have addresses of their own; here each web process needs a port of its own.
    ports = {"web-1": str(free_port()), "web-2": str(free_port())}
    containers = [
        ContainerProcess(service, image, {**environment, **({"PORT": ports[service]} if service in ports else {})})
        for service in SERVICES
    ]
    try:
        for container in containers:
            container.launch()
        for container in containers:
            container.wait_until_ready(200)
        for container in containers:
            container.ask_to_end()
        codes = {container.name: container.wait(container.stop_seconds) for container in containers}
        assert codes == dict.fromkeys(SERVICES, 0), "\n".join(each.output[-1000:] for each in containers)
        assert not [container.name for container in containers if container.is_healthy()]
        assert image.files() == built, "a container may write to its volume and to /tmp only"
    finally:
        for container in containers:
            container.kill()
