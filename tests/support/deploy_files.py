"""What is in deploy/, read as text. Knows the forms of these files; knows no product."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMMON = DEPLOY / "systemd" / "chatsite-.service.d" / "common.conf"
SECRETS = (  # links that give whoever reads them something
    "/accounts/first/SECRET/",
    "/accounts/invitation/SECRET/",
    "/accounts/password/reset/key/3-SECRET/",
    "/accounts/confirm-email/SECRET/",
    "/accounts/oidc/login/callback/?code=SECRET&state=SECRET",
)
WRITTEN_BY_HAND = [path for path in sorted(DEPLOY.rglob("*")) if path.is_file() and path.suffix not in {".py", ".pyc"}]


def settings_of(unit: Path) -> dict[str, str]:
    """A unit's settings, those that all units share among them."""
    lines = [line for path in (COMMON, unit) for line in path.read_text().splitlines()]
    return dict(line.split("=", 1) for line in lines if re.match("[A-Z]", line))


def compose_services() -> dict[str, str]:
    """The text of each service in compose.yaml."""
    text = (DEPLOY / "compose.yaml").read_text()
    services = text.partition("\nservices:\n")[2].partition("\nvolumes:\n")[0]
    parts = re.split(r"^  ([a-z0-9-]+):.*\n", services, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def whole_service(name: str) -> str:
    """The text of a service with what it takes over from its templates."""
    templates = dict(re.findall(r"^x-\w+: &(\w+)\n((?:  .*\n|\n)+)", _text("compose.yaml"), re.MULTILINE))
    services = compose_services()

    def whole(text: str) -> str:
        named = re.findall(r"<<: \*(\w+)", text)
        return text + "".join(whole(templates.get(each) or services["web-1"]) for each in named)

    return whole(services[name])


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions: name and text, each in one line."""
    lines = re.sub(r"\\\n", " ", _text("Dockerfile")).splitlines()
    return [(name, text) for name, text in (line.split(maxsplit=1) for line in lines if line and line[0] != "#")]


def copied_into_image() -> list[str]:
    """What the image takes over from the project: files and folders."""
    copied = [shlex.split(text) for name, text in instructions() if name == "COPY"]
    return [parts[0] for parts in copied if not parts[0].startswith("--from")]


def commands() -> Iterator[list[str]]:
    """Every command that a unit, a container or the image runs."""
    for unit in UNITS:
        yield settings_of(unit)["ExecStart"].removeprefix("/opt/chatsite/.venv/bin/").split()
    found = re.findall(r"^(?:    command:|CMD) (\[.*\])$", _text("compose.yaml") + _text("Dockerfile"), re.MULTILINE)
    yield from map(json.loads, found)


def _text(name: str) -> str:
    return (DEPLOY / name).read_text()
