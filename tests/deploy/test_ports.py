"""A port that was chosen is there when it is needed, however many choose and listen meanwhile."""

import socket

import pytest

from deploy.cluster import process
from deploy.cluster.process import free_port

HOST = "127.0.0.1"


def listening(port: int) -> socket.socket:
    """A server that listens as servers do: with SO_REUSEADDR."""
    return socket.create_server((HOST, port))


def test_port_is_given_to_nobody_else_and_refuses_until_its_server_listens() -> None:
    port = free_port()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((HOST, port))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port))
    for _ in range(2):  # it is started again where it was
        with listening(port), socket.create_connection((HOST, port)), pytest.raises(OSError, match="in use"):
            listening(port)


def test_ports_of_long_ago_are_given_back(monkeypatch) -> None:
    monkeypatch.setattr(process, "_holders", type(process._holders)())
    monkeypatch.setattr(process, "HELD_PORTS", 2)
    first, second, third = free_port(), free_port(), free_port()
    with socket.socket() as other:
        other.bind((HOST, first))
    for held in (second, third):
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((HOST, held))
    for holder in process._holders:
        holder.close()
