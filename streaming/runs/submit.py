"""Wake whoever executes runs. The row is the truth: a wake-up may be lost or come twice."""

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

from django.conf import settings
from django.db import transaction

from streaming.bell import EngineHint, hint_engines

logger = logging.getLogger(__name__)

TASK = "streaming.tasks.stream_run"
QUEUE = "streams"


def submit_on_commit(run_id: str) -> None:
    """Wake an engine for `run_id` once its row is committed."""
    transaction.on_commit(partial(_submit, run_id), robust=True)


def _submit(run_id: str) -> None:
    if settings.MODE.celery_broker:
        _sending().submit(_send, run_id)
    else:
        hint_engines(EngineHint("claim", run_id))


@cache
def _sending() -> ThreadPoolExecutor:
    """One thread: a broker that is away delays wake-ups, never the person who sent a prompt."""
    return ThreadPoolExecutor(1, thread_name_prefix="celery wake-ups")


def _send(run_id: str) -> None:
    from celery import current_app

    try:
        current_app.send_task(TASK, args=[run_id], queue=QUEUE, retry=False, ignore_result=True, expires=60)
    except Exception as error:  # noqa: BLE001 - whatever a broker client raises: engines look each second anyway
        logger.warning("broker did not take a wake-up", extra={"run": run_id, "error": repr(error)})
