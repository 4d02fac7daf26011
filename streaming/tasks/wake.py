"""A message that wakes the engine of the process it reaches. Safe to lose and safe to repeat."""

import logging

from celery import shared_task

from streaming.bell import EngineHint, hint_engines
from streaming.runs import service
from streaming.runs.submit import WAKE

logger = logging.getLogger(__name__)


@shared_task(name=WAKE, ignore_result=True)
def wake(run_id: str) -> None:
    """Look for queued runs now; an engine without room passes the hint on to all others."""
    logger.debug("woken", extra={"run": run_id})
    if not service.look():
        hint_engines(EngineHint("claim", run_id))
