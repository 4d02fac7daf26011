"""Wake whoever executes runs. The row is the truth: a wake-up may be lost or come twice."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from streaming.agents.registry import Queue
from streaming.bell import EngineHint, hint_engines
from streaming.runs.agents import STREAMS

logger = logging.getLogger(__name__)

WAKE = "streaming.tasks.wake"
# The doorbell has woken the engines by then. A message beside it would take the interpreter of a worker that is about
# to ask the model: 3 ms to hand one to Celery and out of it.
BEHIND_SECONDS = 0.2
CONFIRMED_WITHIN = 5.0  # seconds; a RabbitMQ that stands still or has no room takes messages and does not say so


def submit_on_commit(run_id: str, *, queue: Queue = STREAMS) -> None:
    """Wake an engine of `queue` for `run_id` once its row is committed."""
    transaction.on_commit(partial(_submit, run_id, queue), robust=True)


def _submit(run_id: str, queue: Queue) -> None:
    hint_engines(EngineHint("claim", run_id, queue))
    if settings.MODE.celery_broker:
        _sending().submit(_send, run_id, queue, at=time.monotonic() + BEHIND_SECONDS)


@cache
def _sending() -> ThreadPoolExecutor:
    """One thread: a broker that is away delays wake-ups, never the person who sent a prompt."""
    return ThreadPoolExecutor(1, thread_name_prefix="celery wake-ups")


def _send(run_id: str, queue: Queue, *, at: float) -> None:
    time.sleep(max(0.0, at - time.monotonic()))
    try:
        # By its name: Celery's `current_app` is one without our broker in every process but a worker.
        app = import_string(settings.CELERY_APP)
        message = {"args": [run_id], "ignore_result": True, "expires": 60}
        app.send_task(WAKE, **message, queue=queue, retry=False, confirm_timeout=CONFIRMED_WITHIN)
    except Exception as error:  # noqa: BLE001 - whatever a broker client raises: engines look each second anyway
        logger.warning("broker did not take a wake-up", extra={"run": run_id, "error": repr(error)})
