"""The two servers to choose from, as one thing to run. Knows addresses; knows no command line and no page."""

from collections.abc import Callable
from typing import Literal, Protocol

ServerName = Literal["daphne", "uvicorn"]


class PageServer(Protocol):
    """A server that is ready to run."""

    listening_addresses: list[tuple[str, int]]

    def run(self) -> None:
        """Serve until a signal; returns after the drain."""


def make_server(
    name: ServerName, *, host: str, port: int, drain_seconds: float, ready: Callable[[], object]
) -> PageServer:
    """A server of the site's application. `ready` is called when it listens, where the database may be asked.

    Each is imported when it is chosen: Daphne makes Twisted's reactor, which uvicorn has no use for.
    """
    if name == "uvicorn":
        from channels.routing import get_default_application

        from streaming.transport.uvicorn_server import UvicornServer

        application = get_default_application()
        return UvicornServer(application, host=host, port=port, drain_seconds=drain_seconds, ready=ready)

    from streaming.transport.server import StreamingServer  # isort: skip  # before what might choose another reactor
    from channels.routing import get_default_application
    from daphne.endpoints import build_endpoint_description_strings

    server: PageServer = StreamingServer(
        get_default_application(),
        endpoints=build_endpoint_description_strings(host=host, port=port),
        server_name="chatsite",
        drain_seconds=drain_seconds,
        ready_callable=ready,
    )
    return server
