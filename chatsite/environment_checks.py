"""What a value from the environment must look like, said in words. Knows values; knows no variable by name."""

import zoneinfo
from collections.abc import Callable, Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import FilePath, SecretStr
from pydantic.fields import FieldInfo

KINDS: dict[object, str] = {
    int: "a whole number",
    float: "a number",
    bool: "yes or no",
    Path: "a folder",
    Path | None: "a folder",
    FilePath | None: "a file that is there",
    tuple[str, ...]: "names, separated by commas",
    tuple[tuple[str, int], ...]: "host:port, separated by commas",
}


def comma_separated(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def web_address(value: str) -> str:
    """An http or https address without its last slash, or nothing."""
    if value and not _is_web(value):
        raise ValueError("use an address that starts with http:// or https://, such as https://example.org")
    return value.rstrip("/")


def web_origins(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not _is_web(value) or urlsplit(value).path.strip("/"):
            raise ValueError("use origins without a path, such as https://chat.example.org, separated by commas")
    return tuple(value.rstrip("/") for value in values)


def identity_provider(value: str) -> str:
    """The address of a provider. Over plain http anybody on the way could sign in as anybody: only on this machine."""
    address = web_address(value)
    parts = urlsplit(address)
    if parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise ValueError("use an address that starts with https://, such as https://id.example.org")
    return address


def given_with(value: str, *, other: str, named: str) -> str:
    """`value`, which must not be missing when the variable `named` is there."""
    if other and not value:
        raise ValueError(f"set it together with {named}")
    return value


def ollama_address(value: str) -> str:
    """Ollama's own variable may lack the scheme or the port, and may say 0.0.0.0, which is for listening."""
    address = value if "://" in value else f"http://{value}"
    if not _is_web(address):
        raise ValueError("use a host, a host:port or an address, such as http://127.0.0.1:11434")
    parts = urlsplit(address)
    port = parts.port or (11434 if "://" not in value else None)
    host = "127.0.0.1" if parts.hostname == "0.0.0.0" else str(parts.hostname)  # noqa: S104 - recognised, not bound
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def secret_address(*schemes: str) -> Callable[[SecretStr], SecretStr]:
    """A check for addresses that may hold a password; its complaint repeats nothing of the value."""
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)

    def check(value: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(value.get_secret_value())
            right = parts.scheme in schemes and (parts.port or 1) > 0 and bool(parts.hostname or parts.path)
        except ValueError:  # its words would quote the value
            right = False
        if not right:
            raise ValueError(f"use an address that starts with {wanted}, with special characters %-encoded")
        return value

    return check


def redis_url(value: SecretStr) -> SecretStr:
    """An address of one Redis. What the three clients of it would each read differently is refused."""
    address = value.get_secret_value()
    if "cluster" in address.partition("://")[0]:
        raise ValueError("a Redis Cluster cannot carry Celery's messages; use one Redis, or several under Sentinel")
    secret_address("redis", "rediss", "unix")(value)
    parts = urlsplit(address)
    if parts.query or parts.fragment:
        raise ValueError("leave out what follows ? or #; CHATSITE_REDIS_CA names a certificate")
    if parts.scheme != "unix" and parts.path.strip("/") and not parts.path.strip("/").isdecimal():
        raise ValueError("use the number of a database as its path, such as redis://localhost:6379/0")
    return value


def host_ports(values: object) -> object:
    """Pairs of host and port; the port of sentinels where none is given."""
    if not isinstance(values, tuple) or not all(isinstance(value, str) for value in values):
        return values
    try:
        parts = [urlsplit(f"//{value}") for value in values]
        pairs = tuple((str(part.hostname), part.port or 26379) for part in parts if part.hostname)
    except ValueError:
        pairs = ()
    if len(pairs) < len(values):
        raise ValueError("use host:port, separated by commas, such as 10.0.0.1:26379,10.0.0.2:26379")
    return pairs


def mail_sender(value: str) -> str:
    """An address, alone or behind a name, or nothing."""
    address = parseaddr(value)[1]
    if value and not (address.isascii() and all(address.partition("@")) and value.isprintable()):
        raise ValueError("use an address, such as chat@example.org or Chat <chat@example.org>")
    return value


def log_level(value: str) -> str:
    if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("use DEBUG, INFO, WARNING or ERROR")
    return value.upper()


def time_zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("use a name of the tz database, such as Europe/Rome") from None
    return value


def is_secret(field: FieldInfo) -> bool:
    return "SecretStr" in str(field.annotation)


def kind(field: FieldInfo) -> str:
    """What a value of this field is, in words: `a whole number from 1 to 65535`."""
    bounds = {
        name: getattr(each, name) for each in field.metadata for name in ("ge", "gt", "le") if hasattr(each, name)
    }
    low = f"from {bounds['ge']}" if "ge" in bounds else f"over {bounds['gt']}" if "gt" in bounds else ""
    high = f"to {bounds['le']}" if "le" in bounds else ""
    words = _one_of(field.annotation) or KINDS.get(field.annotation, "text")
    return " ".join(part for part in (words, low, high) if part)


def expectation(field: FieldInfo, error: Mapping[str, Any]) -> str:
    """What would be right, from the check that failed."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] in {"string_too_short", "too_short"}:
        return f"use at least {error['ctx']['min_length']} characters"
    return f"use {kind(field)}"


def _one_of(annotation: object) -> str:
    """`closed, invitation or open` for a choice of such words."""
    if get_origin(annotation) is not Literal:
        return ""
    *others, last = get_args(annotation)
    return f"{', '.join(others)} or {last}"


def _is_web(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
