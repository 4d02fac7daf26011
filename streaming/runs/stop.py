"""Stop a run from anywhere. Knows rows and the doorbell; the engine that holds the run does the rest."""

from functools import partial

from django.db import transaction

from streaming.bell import EngineHint, hint_engines
from streaming.events import Cancelled
from streaming.models import Person, Run
from streaming.runs.ending import end_from_outside, lock_stream

State = Run.State


def stop_runs_of(person: Person, *, by: Person) -> int:
    """Ask for the end of all that is written or waits for `person`; the number of runs."""
    live = Run.objects.filter(owner=person, state__in=Run.LIVE).order_by("-queued_at", "-id")
    return sum(stop_run(run, by=by) for run in list(live))  # the last first: what waits must not begin meanwhile


def stop_run(run: Run, *, by: Person | None) -> bool:
    """Ask for the run's end; a queued run is ended here. False when it had ended already.

    Idempotent. The text so far is kept, and the run's state becomes `cancelled` unless it ends by itself first.
    """
    name = by.get_username() if by else ""
    with transaction.atomic():
        lock_stream(run.stream_id)
        current = Run.objects.select_for_update().get(pk=run.pk)
        if current.state == State.QUEUED:
            end_from_outside(current, Cancelled(by=name))
            return True
        if current.state not in Run.LIVE:
            return False
        Run.objects.filter(pk=run.pk).update(stop_requested_by=name or "system")
        transaction.on_commit(partial(hint_engines, EngineHint("stop", run.pk)), robust=True)
    return True
