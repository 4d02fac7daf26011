"""What beat has done by the clock. Knows no table."""

from celery import shared_task
from django.db import close_old_connections

from streaming.runs.housekeeping import CHORES

TIDY_UP = "streaming.tasks.tidy_up"
LATE_SECONDS = 600  # a chore that waited for so long is due again soon


@shared_task(name=TIDY_UP, ignore_result=True)
def tidy_up(chore: str) -> None:
    """Carry out one of the `CHORES`. Safe to repeat, also at the same time."""
    close_old_connections()
    try:
        CHORES[chore].carry_out()
    finally:
        close_old_connections()
