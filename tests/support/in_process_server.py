"""The whole product behind a real StreamingServer on a thread of this process, so that a test shares its database.

Twisted's reactor runs once per process: the server is started by the first test that asks and goes on until the end.
"""

from streaming.transport.server import StreamingServer  # isort: skip  # it chooses Twisted's reactor

import threading
from functools import cache

from twisted.internet import reactor

from deploy.cluster.process import free_port

HOST = "127.0.0.1"


@cache
def in_process_server() -> str:
    """Its address."""
    from chatsite.asgi import application

    port = free_port()
    ready = threading.Event()
    server = StreamingServer(application, endpoints=[f"tcp:port={port}:interface={HOST}"])
    reactor.callWhenRunning(ready.set)
    threading.Thread(target=server.run, name="server", daemon=True).start()
    assert ready.wait(30), "the server did not start"
    return f"http://{HOST}:{port}"
