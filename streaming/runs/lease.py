"""An engine's lease on its runs: one row, renewed by a thread of its own. Knows no run."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence

from django.db import close_old_connections, connection, transaction

from streaming.models import Engine
from streaming.models.database import database_now, now_sql
from streaming.runs.agents import QUEUES

logger = logging.getLogger(__name__)

RENEW_SECONDS = 1.0
LEASE_SECONDS = 5.0  # four renewals may fail before anybody takes the runs over
GIVEN_UP = 0.0  # the `expires_at` of a lease that its engine ended itself
BLOCKED_SECONDS = 1.0  # a loop that does not turn for so long holds up every stream of the process


def register_engine(*, capacity: int, queues: Sequence[str] = QUEUES) -> Engine:
    """A new engine row with a fresh lease."""
    label = f"{socket.gethostname()}:{os.getpid()}"[:120]
    engine = Engine(label=label, capacity=capacity, queues=",".join(queues), expires_at=0)
    restore_lease(engine)
    return engine


def restore_lease(engine: Engine) -> None:
    """Put the engine's row (back) in place. In one transaction: an expired row without runs may be swept away."""
    with transaction.atomic():
        engine.save(force_insert=True)
        renew_lease(engine.pk)


def renew_lease(engine_id: str) -> bool:
    """Extend the lease by database time. False when the row is gone: its runs were taken over."""
    with transaction.atomic(), connection.cursor() as cursor:
        now = now_sql(connection.vendor)
        cursor.execute(
            f"UPDATE streaming_engine SET expires_at = {now} + %s WHERE id = %s",  # noqa: S608 - a constant expression
            [LEASE_SECONDS, engine_id],
        )
        return bool(cursor.rowcount == 1)


def engines_alive() -> list[Engine]:
    """Those whose leases have not expired."""
    return list(Engine.objects.filter(expires_at__gt=database_now()))


def end_lease(engine_id: str) -> None:
    """Give the lease up at once, so that others need not wait for it to expire."""
    Engine.objects.filter(pk=engine_id).update(expires_at=GIVEN_UP)


class Heartbeat(threading.Thread):
    """Renews the lease each second and watches the engine's loop.

    `last_turn` gives the monotonic time at which the loop last turned.
    """

    def __init__(self, engine: Engine, last_turn: Callable[[], float]) -> None:
        super().__init__(name="engine heartbeat", daemon=True)
        self._engine = engine
        self._last_turn = last_turn
        self._stopped = threading.Event()
        self.renewed_at = time.monotonic()

    def run(self) -> None:
        """Beat until stopped; a database that is away is tried again each second."""
        while not self._stopped.wait(RENEW_SECONDS):
            self._renew()
            blocked = time.monotonic() - self._last_turn()
            if blocked > BLOCKED_SECONDS:
                logger.warning("engine loop is blocked", extra={"seconds": round(blocked, 1)})
        connection.close()

    def _renew(self) -> None:
        try:
            if not renew_lease(self._engine.pk):  # asleep for an hour, say; what it held was taken over, one by one
                logger.error("engine lease is gone; it is made anew", extra={"engine": self._engine.pk})
                restore_lease(self._engine)
            self.renewed_at = time.monotonic()
        except Exception as error:  # noqa: BLE001 - without this thread every run of the process would be taken away
            logger.warning("engine lease was not renewed", extra={"error": repr(error)})
        finally:
            close_old_connections()

    def stop(self) -> None:
        """Stop beating; the lease is left to `end_lease`."""
        self._stopped.set()
        self.join(timeout=LEASE_SECONDS)
