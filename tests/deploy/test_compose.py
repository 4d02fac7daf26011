"""compose.yaml, beyond its schema: what must hold for every service."""

import re

from tests.support.deploy_files import DEPLOY, compose_services, whole_service

TEXT = (DEPLOY / "compose.yaml").read_text()
SERVICES = compose_services()


def test_every_service_comes_back_by_itself_and_says_whether_it_lives():
    image = (DEPLOY / "Dockerfile").read_text()
    for name in SERVICES:
        service = whole_service(name)
        assert "restart: unless-stopped" in service, name
        assert "healthcheck:" in service or ("image: chatsite" in service and "HEALTHCHECK" in image), name


def test_our_processes_may_do_nothing_beyond_their_work():
    for name in ("web-1", "web-2", "streams", "work", "beat"):
        service = whole_service(name)
        for wanted in (
            "read_only: true",
            "- ALL",
            "no-new-privileges:true",
            "env_file: .env",
            "- data:/var/lib/chatsite",
        ):
            assert wanted in service, (name, wanted)


def test_only_the_proxy_can_be_reached_from_outside():
    assert [name for name, text in SERVICES.items() if "ports:" in text] == ["proxy"]
    assert re.findall(r'WEB: "(.*)"', SERVICES["proxy"]) == ["web-1:8000 web-2:8000"]


def test_volumes_are_declared_and_secrets_come_from_elsewhere():
    declared = set(re.findall(r"^  (\w+):$", TEXT.partition("\nvolumes:\n")[2], re.MULTILINE))
    used = set(re.findall(r"^\s+- (\w+):/", TEXT, re.MULTILINE))
    assert used == declared
    passwords = re.findall(r"(?:PASSWORD: |chatsite:)(.*)", TEXT)
    assert all("${POSTGRES_PASSWORD:?" in each for each in passwords if "PASSWORD" in each)
    assert "SECRET_KEY" not in TEXT
