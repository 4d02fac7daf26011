"""End a run: the terminal event, its state and its message's text in one transaction."""

import logging
import time
from collections.abc import Callable
from functools import partial

from django.db import connection, transaction
from django.utils import timezone

from streaming.bell import Ring, ring
from streaming.events import Cancelled, Complete, EventData, Failed, Interrupted, StreamingEvent
from streaming.log import append_events, position, prepare, read_all
from streaming.log.read import first_seq_of
from streaming.models import Message, Run
from streaming.models.database import AWAY, lock_rows
from streaming.runs.answer import Answer

logger = logging.getLogger(__name__)

State = Run.State

STATE_OF: dict[type[EventData], State] = {
    Complete: State.COMPLETE,
    Cancelled: State.CANCELLED,
    Failed: State.ERROR,
    Interrupted: State.INTERRUPTED,
}


def now_ms() -> int:
    """Unix time in milliseconds, as events carry it."""
    return time.time_ns() // 1_000_000


def settle(run_id: str, terminal: EventData, answer: Answer) -> None:
    """Write the run's end beside its terminal event. The caller appended that event in this transaction."""
    state = STATE_OF[type(terminal)]
    Run.objects.filter(pk=run_id, state__in=Run.LIVE).update(
        state=state, ended_at=timezone.now(), engine=None, stop_requested_by=""
    )
    message = Message.objects.filter(run__id=run_id).first()
    if message is not None:
        message.parts, message.facts = answer.parts, message.facts | answer.facts
        message.save(update_fields=["parts", "facts"])


def end_from_outside(run: Run, terminal: EventData) -> None:
    """End a run that no engine writes (any more). Must run under the stream's lock, see `lock_stream`.

    A log that cannot be read, or an answer that the message cannot hold, does not keep the run from ending.
    """
    try:
        with transaction.atomic():
            _end(run, terminal, _answer_in_log(run))
    except AWAY:
        raise
    except Exception:
        logger.exception("a run's text could not be kept in its message", extra={"run": run.pk})
        _end(run, terminal, Answer())


def _end(run: Run, terminal: EventData, answer: Answer) -> None:
    """Raising the fence shuts out an engine that still believes it holds the run."""
    Run.objects.filter(pk=run.pk).update(fence=run.fence + 1)
    now = now_ms()
    # Nobody wrote any more since the last token: the time until somebody noticed is not the answer's.
    items = [answer.times(answer.last_token_at or now), terminal] if answer.has_begun else [terminal]
    for data in items:
        answer.add(now, data)
    prepared = [prepare(data, ts=now, run_id=run.pk, attempt=run.attempt) for data in items]
    epoch, events = append_events(run.stream_id, prepared)
    settle(run.pk, terminal, answer)
    ring_on_commit(run.stream_id, epoch, events)


def lock_stream(stream_id: int) -> None:
    """Take the stream's row lock; whoever changes what hangs on a stream takes it first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM streaming_stream WHERE id = %s{lock_rows(connection.vendor)}",  # noqa: S608 - a constant clause
            [stream_id],
        )


def ring_on_commit(stream_id: int, epoch: str, events: tuple[StreamingEvent, ...]) -> None:
    """Tell followers once what they would read is there."""
    bell = Ring(stream_id, epoch, events[-1].seq, events)
    _on_commit(partial(ring, bell))


def _on_commit(action: Callable[[], None]) -> None:
    transaction.on_commit(action, robust=True)


def _answer_in_log(run: Run) -> Answer:
    """What the run's present attempt has in the log. Reads only the stretch since the run was queued."""
    if not run.attempt:
        return Answer()
    head = position(run.stream_id, using="default").last_seq
    first = first_seq_of(run.pk, using="default")
    events = read_all(run.stream_id, first - 1, head, using="default") if first else []
    mine = [event for event in events if event.run_id == run.pk and event.attempt == run.attempt]
    return Answer.of(mine)
