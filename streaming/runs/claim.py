"""Take queued runs for an engine. Knows no event and no loop."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from streaming.models import Run
from streaming.models.database import now_sql
from streaming.runs.agents import QUEUES

State = Run.State

# Materialised: PostgreSQL might else choose and lock anew for each row it updates.
_CLAIM = """
WITH ready AS MATERIALIZED (
    SELECT streaming_run.id
    FROM streaming_run LEFT JOIN streaming_run AS former ON former.id = streaming_run.after_id
    WHERE streaming_run.state = 'queued' AND streaming_run.queue IN ({queues})
        AND (streaming_run.after_id IS NULL OR former.state IN (%s, %s, %s, %s))
        AND EXISTS (SELECT 1 FROM streaming_engine WHERE id = %s AND expires_at > {now})
    ORDER BY streaming_run.queued_at, streaming_run.id LIMIT %s{skip}
)
UPDATE streaming_run
SET state = 'running', engine_id = %s, started_at = %s,
    attempt = attempt + 1, fence = fence + 1, last_n = 0, spoke = FALSE
WHERE id IN (SELECT id FROM ready)
RETURNING queued_at, id, stream_id, attempt, fence
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """An engine's right to write one attempt of a run, as long as its fence is the highest."""

    run_id: str
    stream_id: int
    attempt: int
    fence: int


def claim_runs(engine_id: str, *, room: int, queues: Sequence[str] = QUEUES) -> list[Claim]:
    """Up to `room` queued runs of `queues` whose predecessor has ended, oldest first, now running under `engine_id`.

    None while that engine's lease has expired: others would take them away again, as the runs of a dead one.
    """
    if room <= 0:
        return []
    skip = " FOR UPDATE OF streaming_run SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    ended = [state.value for state in Run.ENDED]
    marks = ", ".join(["%s"] * len(queues))
    # One statement: a reader waits for its answer, and what the ORM needs for two costs a millisecond.
    with transaction.atomic(), connection.cursor() as cursor:
        sql = _CLAIM.format(skip=skip, queues=marks, now=now_sql(connection.vendor))
        cursor.execute(sql, [*queues, *ended, engine_id, room, engine_id, now])
        return [Claim(*row[1:]) for row in sorted(cursor.fetchall())]


@dataclass(frozen=True, slots=True)
class Row:
    """What the database says of a run that an engine holds."""

    claim: Claim
    stop_requested_by: str


def held_runs(engine_id: str) -> dict[str, Row]:
    """The live runs that belong to `engine_id`, by id."""
    runs = Run.objects.filter(engine_id=engine_id, state__in=(State.RUNNING, State.WAITING))
    rows = runs.values_list("id", "stream_id", "attempt", "fence", "stop_requested_by")
    return {run_id: Row(Claim(run_id, *numbers), by) for run_id, *numbers, by in rows}


def stop_requester(run_id: str) -> str:
    """Who asked for the run's stop; "" where nobody did."""
    return Run.objects.filter(pk=run_id).values_list("stop_requested_by", flat=True).first() or ""
