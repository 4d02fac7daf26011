"""Find runs whose engine is dead and decide what becomes of them. Knows leases; knows no loop."""

import logging
from collections.abc import Callable
from functools import partial

from django.db import transaction
from django.db.models import Q

from streaming.bell import EngineHint, hint_engines
from streaming.events import Cancelled, Failed, Interrupted
from streaming.models import Engine, Run
from streaming.models.database import AWAY, database_now
from streaming.runs.agents import is_resumable
from streaming.runs.claim import Claim
from streaming.runs.ending import end_from_outside, lock_stream
from streaming.runs.lease import GIVEN_UP, LEASE_SECONDS, RENEW_SECONDS

logger = logging.getLogger(__name__)

State = Run.State
MAX_CRASHES = 3  # a prompt that kills its process is not tried for ever
HELD_STATES = (State.RUNNING, State.WAITING)
# Looks come each second. Where they stayed away for longer the database was away, and another engine, alive, may reach
# it again seconds later than we do: its pool of connections tries by a clock of its own.
LONGEST_GAP_SECONDS = 2.5 * RENEW_SECONDS
UNWRITABLE = "The database refused a part of this answer; the server's log says why. Asking in another way may help."


class Patience:
    """Rule 4: who takes over the runs of others has itself reached the database throughout one lease.

    Counts database time: this process's own clock stands still while the machine sleeps.
    """

    def __init__(self) -> None:
        self._since = self._last = float("-inf")

    def reached(self, now: float) -> bool:
        """The database answered at `now`, its own time; whether others may be declared dead."""
        if not 0 <= now - self._last <= LONGEST_GAP_SECONDS:
            self._since = now
        self._last = now
        return now - self._since >= LEASE_SECONDS


def reap_orphans(*, reaper: str = "", sole: bool = False, at: float | None = None) -> int:
    """Deal with every running run whose engine's lease had expired `at` that time, now if None; the number of runs.

    Never with those of the engine `reaper`, which is alive whatever its row says (it slept, with its machine).
    `sole`: the caller knows that every other engine is dead (the data folder's lock). `at` is database time: when the
    caller knew that it might declare others dead. What it asks may arrive long after, when no engine could renew.
    """
    return _reap_all(partial(_orphaned, reaper, sole=sole, at=at))


def reap_given_up(*, reaper: str = "") -> int:
    """Deal with the runs whose engine itself gave up its lease: nobody needs patience for them. How many."""
    return _reap_all(partial(_given_up, reaper))


def _reap_all(wanted: Callable[[], Q]) -> int:
    orphans = Run.objects.filter(wanted(), state__in=HELD_STATES).order_by("id")
    return sum(_reap(run.pk, run.stream_id, wanted) for run in list(orphans.only("id", "stream_id")))


def hand_over(claim: Claim, *, engine_id: str, broken: bool = False, crashed: bool = False) -> None:
    """Decide about a run that its own engine cannot go on with; nothing if it is not that engine's any more.

    `broken`: the database takes its words from nobody, so another attempt would end the same way. `crashed`: what
    executed it failed in a way that nobody thought of.
    """
    with transaction.atomic():
        lock_stream(claim.stream_id)
        run = (
            Run.objects.select_for_update()
            .filter(pk=claim.run_id, engine_id=engine_id, fence=claim.fence, state__in=HELD_STATES)
            .first()
        )
        if run is None:
            return
        if broken and not run.stop_requested_by:
            end_from_outside(run, Failed("unwritable", UNWRITABLE, retryable=True))
            outcome = "error"
        else:
            outcome = _decide(run, crashed=crashed)
    logger.warning("run was handed over", extra={"run": claim.run_id, "outcome": outcome})


def _given_up(reaper: str) -> Q:
    return Q(engine__in=Engine.objects.filter(expires_at=GIVEN_UP).exclude(pk=reaper))


def _orphaned(reaper: str, *, sole: bool, at: float | None) -> Q:
    others = ~Q(engine_id=reaper) if reaper else Q()
    if sole:
        return Q(engine=None) | others
    alive = Engine.objects.filter(expires_at__gte=database_now() if at is None else at)
    return Q(engine=None) | (others & ~Q(engine__in=alive))


def _reap(run_id: str, stream_id: int, wanted: Callable[[], Q]) -> bool:
    """One run's end keeps no other from its own: what fails here is tried again with the next look."""
    try:
        with transaction.atomic():
            lock_stream(stream_id)
            orphan = Run.objects.select_for_update(of=("self",)).filter(wanted(), pk=run_id)
            run = orphan.filter(state__in=HELD_STATES).first()
            if run is None:
                return False
            politely = Engine.objects.filter(pk=run.engine_id, expires_at=GIVEN_UP).exists()
            outcome = _decide(run, crashed=not politely)
    except AWAY:
        raise
    except Exception:
        logger.exception("an orphaned run could not be dealt with", extra={"run": run_id})
        return False
    logger.warning("run was orphaned", extra={"run": run_id, "outcome": outcome})
    return True


def _decide(run: Run, *, crashed: bool) -> str:
    """Rule 6: nothing said yet, or a resumable agent, gives a new attempt by itself; else the person chooses."""
    crashes = run.crashes + crashed
    if run.stop_requested_by:
        end_from_outside(run, Cancelled(by=run.stop_requested_by))
        return "cancelled"
    if run.spoke and (crashes >= MAX_CRASHES or not is_resumable(run.agent)):
        end_from_outside(run, Interrupted(reason="The server stopped while this answer was being written."))
        return "interrupted"
    if crashes >= MAX_CRASHES:
        message = f"This run ended its server {crashes} times before it said anything. It is not tried again."
        end_from_outside(run, Failed("crashed", message, retryable=True))
        return "error"
    Run.objects.filter(pk=run.pk).update(state=State.QUEUED, engine=None, fence=run.fence + 1, crashes=crashes)
    transaction.on_commit(partial(hint_engines, EngineHint("claim", run.pk)), robust=True)
    return "queued"


def queue_age_seconds() -> float:
    """How long the oldest claimable run has been waiting; 0 when none is."""
    ready = Q(after=None) | Q(after__state__in=Run.ENDED)
    oldest = Run.objects.filter(ready, state=State.QUEUED).order_by("queued_at").values_list("queued_at").first()
    return max(0.0, database_now() - oldest[0].timestamp()) if oldest else 0.0
