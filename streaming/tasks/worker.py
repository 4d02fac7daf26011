"""Engines in Celery's workers: when they start, how they end. Knows no run.

A worker with a pool of threads has one engine for the queues it consumes. In a prefork worker every child has an
engine of its own for `work`, which executes one run at a time. Neither waits for the broker.
"""

import logging
import os
import signal
import time
from typing import Any

from billiard.process import active_children, current_process
from celery import bootsteps
from celery.signals import worker_process_init, worker_process_shutdown, worker_shutdown, worker_shutting_down
from django.conf import settings

from streaming.agents.registry import Queue
from streaming.runs import service
from streaming.runs.agents import QUEUES, STREAMS, WORK
from streaming.tasks.watchdog import watch_interpreter

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0

_served: list[Queue] = []  # by the children of this prefork worker
_told_to_stop: list[str] = []


class EngineStep(bootsteps.StartStopStep):
    """Starts the engine before the worker reaches for its broker, which may be away."""

    requires: Any = {"celery.worker.components:Pool"}

    def __init__(self, worker: Any, **_: Any) -> None:
        consumed = worker.app.amqp.queues.consume_from
        queues = [queue for queue in QUEUES if queue in consumed]
        self._threads = "prefork" not in worker.pool_cls.__module__
        self._queues = queues if self._threads else []
        if not self._threads:
            _served[:] = [queue for queue in queues if queue == WORK]
            if STREAMS in queues:
                logger.error("the queue of streams is not served: start its worker with -P threads")

    def start(self, _worker: Any) -> None:
        if self._queues:
            service.begin(queues=self._queues)


class Unhurried(bootsteps.StartStopStep):
    """A worker that its broker refuses asks once a second. By itself it asks, and says so, as often as it can."""

    _stopped_at = float("-inf")

    def stop(self, _consumer: Any) -> None:
        """Before each further attempt, and at the end."""
        time.sleep(max(0.0, self._stopped_at + AGAIN_SECONDS - time.monotonic()))
        self._stopped_at = time.monotonic()


@worker_process_init.connect
def start_in_child(**_: Any) -> None:
    """An engine in each child of a prefork worker; a child that hangs or does not obey is replaced."""
    if _served:
        watch_interpreter()
        service.begin(queues=_served, capacity=1, expendable=True)


@worker_process_shutdown.connect
def stop_in_child(**_: Any) -> None:
    """Let the run at hand end for a while. A signal hurries."""
    signal.signal(signal.SIGTERM, lambda *_: service.begin_stop(drain_seconds=0))
    service.stop(drain_seconds=settings.ENVIRONMENT.drain_seconds)


@worker_shutting_down.connect
def begin_to_stop(sig: str = "", **_: Any) -> None:
    """Claim nothing more as of now; the second signal hurries, in this process and in its children."""
    service.begin_stop(drain_seconds=settings.ENVIRONMENT.drain_seconds)
    if _told_to_stop:
        for child in active_children():
            os.kill(child.pid, signal.SIGTERM)
    _told_to_stop.append(sig)


@worker_shutdown.connect
def wait_for_the_end(**_: Any) -> None:
    """Wait until what was at hand has ended or was handed over."""
    if current_process().name == "MainProcess":
        service.stop(drain_seconds=settings.ENVIRONMENT.drain_seconds)
