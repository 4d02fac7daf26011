"""An engine in every worker that serves the queue of streams; a message only wakes it. Knows no run."""

import logging
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutdown

from streaming.runs import service
from streaming.runs.submit import QUEUE, TASK

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 15.0  # within Celery's soft shutdown of 20 s


@shared_task(name=TASK, queue=QUEUE, ignore_result=True)
def stream_run(run_id: str) -> None:
    """Let this process's engine look for queued runs now. Safe to lose and safe to repeat."""
    logger.debug("woken", extra={"run": run_id})
    service.look()


@worker_ready.connect
def start_engine(sender: Any, **_: Any) -> None:
    """A worker that consumes the queue of streams gets an engine."""
    if QUEUE in sender.app.amqp.queues.consume_from:
        service.start(sole_owner=False)


@worker_shutdown.connect
def stop_engine(**_: Any) -> None:
    """Let the runs at hand end for a while, then hand the rest over."""
    service.stop(drain_seconds=DRAIN_SECONDS)
