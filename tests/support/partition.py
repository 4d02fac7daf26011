"""The network between one process of the site and PostgreSQL or Redis, which may be cut without a word.

Either that process lives in a network namespace whose cable then loses every packet, so that no side learns
anything; or it speaks through the tests' TCP proxy, which then carries nothing. Knows no load and no page.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from deploy.cluster.postgresql import Postgresql
from deploy.cluster.process import Process
from deploy.cluster.product import Web
from deploy.cluster.redis import Redis
from tests.support.hosted import Site, through_proxy
from tests.support.network_namespace import LOOPBACK, NetworkNamespace

ALLOWED = "host all all {network} trust\n"


@dataclass(frozen=True)
class Partition:
    """Both return when it is so. `inside` is the address that the store sees, where it is not this machine's."""

    cut: Callable[[], object]
    heal: Callable[[], object]
    inside: str = ""


@contextlib.contextmanager
def partition(site: Site, process: Process, store: Postgresql | Redis, *, way: str) -> Iterator[Partition]:
    """`process` is started anew to reach `store` in this way ("namespace" or "proxy"), and is killed at the end."""
    variable = "REDIS_URL" if isinstance(store, Redis) else "DATABASE_URL"
    if way == "proxy":
        with through_proxy(process, variable, store.port) as proxy:
            # What a Redis is told late it answers late, to clients that have stopped waiting for it.
            yield Partition(proxy.silence, partial(proxy.resume, forget=isinstance(store, Redis)))
        return
    listening = _redis_listening if isinstance(store, Redis) else _postgresql_listening
    with NetworkNamespace() as namespace, listening(store, namespace), _moved(process, namespace, variable, store.port):
        yield Partition(namespace.cut, namespace.heal, namespace.inside)


@contextlib.contextmanager
def _moved(process: Process, namespace: NetworkNamespace, variable: str, port: int) -> Iterator[None]:
    """The process in the namespace: all that it knows of the loopback is there too, but for what is on the cable."""
    command, environment = process.command, process.environment
    process.kill()
    known = {int(found) for value in environment.values() for found in re.findall(rf"{LOOPBACK}:(\d+)", value)}
    for other in known - {port}:
        namespace.bring_in(other)
    if isinstance(process, Web):
        namespace.bring_out(process.port)
    process.command = [*namespace.command, *command]
    address = environment[variable].replace(f"{LOOPBACK}:{port}", f"{namespace.address}:{port}")
    process.environment = {**environment, variable: address}
    try:
        process.start()
        yield
    finally:
        process.kill()
        process.command, process.environment = command, environment


@contextlib.contextmanager
def _redis_listening(redis: Redis, namespace: NetworkNamespace) -> Iterator[None]:
    """At once, and until it is started anew."""
    for setting in (f'bind "{LOOPBACK} {namespace.address}"', "protected-mode no"):
        answer = redis.ask(f"CONFIG SET {setting}")
        assert answer.startswith(b"+OK"), answer
    yield


@contextlib.contextmanager
def _postgresql_listening(postgresql: Postgresql, namespace: NetworkNamespace) -> Iterator[None]:
    """From its next start on, and so it is started anew here and left as it is at the end."""
    command = postgresql.command
    rules = postgresql._folder / "rules"
    rules.write_text("".join(ALLOWED.format(network=network) for network in (f"{LOOPBACK}/32", namespace.network)))
    listen = f"listen_addresses={LOOPBACK},{namespace.address}"
    postgresql.command = [*command, "-c", listen, "-c", f"hba_file={rules}"]
    postgresql.stop()
    postgresql.start()
    try:
        yield
    finally:
        postgresql.command = command
