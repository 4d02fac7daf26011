import socket

import pytest


def test_network_guard_refuses_other_machines() -> None:
    with pytest.raises(RuntimeError, match="tests talk to this machine only"):
        socket.getaddrinfo("example.org", 80)
    with socket.socket() as plug, pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
        plug.connect(("192.0.2.1", 80))


def test_network_guard_lets_this_machine_through() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as plug:
        assert plug.getpeername() == server.getsockname()
