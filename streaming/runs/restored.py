"""What becomes of live runs in a database that was restored: their engines belong to another past. Knows no archive."""

from django.db import transaction

from streaming.events import Cancelled, Interrupted
from streaming.models import Engine, Run
from streaming.runs.ending import end_from_outside, lock_stream

REASON = "This answer was being written when the back-up was made that was restored."


def interrupt_live_runs() -> int:
    """End every run that waits or is being written, its text kept, and forget all engines; the number of runs.

    The caller knows that no engine is alive.
    """
    live = Run.objects.filter(state__in=Run.LIVE).order_by("id")
    ended = sum(_interrupt(run.pk, run.stream_id) for run in list(live.only("id", "stream_id")))
    Engine.objects.all().delete()
    return ended


def _interrupt(run_id: str, stream_id: int) -> bool:
    with transaction.atomic():
        lock_stream(stream_id)
        run = Run.objects.select_for_update(of=("self",)).filter(pk=run_id, state__in=Run.LIVE).first()
        if run is None:
            return False
        stopped_by = run.stop_requested_by
        end_from_outside(run, Cancelled(by=stopped_by) if stopped_by else Interrupted(reason=REASON))
    return True
