"""Where the server listens and what people type to reach it. Knows addresses; knows no server."""

import socket
from collections.abc import Sequence

from django.http.request import validate_host


class AddressInUseError(Exception):
    """Nothing can listen there; the message says why and what to do."""


def check_free(host: str, port: int) -> None:
    """Raise AddressInUseError unless a server could listen on `host` and `port` now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise AddressInUseError(
                f"Cannot listen on {host} port {port}: {str(error.strerror).lower()}.\n"
                "Stop what uses it, or choose another port, for example: PORT=8010 make run"
            ) from None


def address_for_people(host: str, port: int, *, public_url: str, allowed: Sequence[str]) -> str:
    """The address to type on this machine, or the public one where it is known. `allowed`: ALLOWED_HOSTS."""
    if public_url:
        return public_url
    here = {"127.0.0.1", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    shown = _this_machine(allowed) if host in here else host
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"


def _this_machine(allowed: Sequence[str]) -> str:
    """`localhost`, because browsers give passkeys to names only, where that is 127.0.0.1 and may be asked for."""
    try:
        found = socket.getaddrinfo("localhost", None, family=socket.AF_INET)
    except OSError:
        return "127.0.0.1"
    is_here = any(address[0] == "127.0.0.1" for *_, address in found)
    return "localhost" if is_here and validate_host("localhost", allowed) else "127.0.0.1"
