"""Where the server listens and what people type to reach it. Knows addresses; knows no server."""

import socket


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


def address_for_people(host: str, port: int, *, public_url: str) -> str:
    """The address to type on this machine, or the public one where it is known."""
    if public_url:
        return public_url
    everywhere = {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    shown = "127.0.0.1" if host in everywhere else host
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
