"""What every test stands on: spawned processes, a real database file, no network but this machine."""

import ipaddress
import multiprocessing
import os
import sys

import hypothesis
import pytest
from django.conf import settings
from xdist.remote import Producer

from tests.support.sharing import FAULTS, ByFile, unit_of

multiprocessing.set_start_method("spawn", force=True)  # forking a process with threads and loops hangs on 3.13
# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("tests")


def _is_this_machine(host: object) -> bool:
    if host in {None, "", "localhost", b"localhost"}:
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _refuse_the_network(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not _is_this_machine(host):
        raise RuntimeError(f"a test reached for {host!r}; tests talk to this machine only")


sys.addaudithook(_refuse_the_network)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # one of several processes: what takes longest is begun first
        items.sort(key=lambda item: unit_of(item.nodeid) != FAULTS)
    if not os.environ.get("TESTS_ON_POSTGRESQL"):
        return
    assert settings.DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql"
    for item in items:
        if item.get_closest_marker("sqlite"):
            item.add_marker(pytest.mark.skip(reason="tests what is SQLite's own"))
