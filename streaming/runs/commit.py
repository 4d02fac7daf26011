"""One transaction for what all runs of a process have to say. Runs on the engine's writer thread."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from streaming.events import EventData
from streaming.log import Appended, Batch, Refused, append_batches
from streaming.models.database import AWAY
from streaming.runs.answer import Answer
from streaming.runs.ending import settle


@dataclass(frozen=True, slots=True)
class Saying:
    """A run's next events and, with its last ones, how it ends."""

    batch: Batch
    terminal: EventData | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The database will not take this run's batch whatever else is beside it."""

    batch: Batch
    reason: str


Outcome = Appended | Refused | Rejected


def commit(sayings: Sequence[Saying]) -> list[Outcome]:
    """Write all in one transaction; a batch that cannot be written is found by halving and left out.

    Safe to repeat with the same batches when the outcome is unknown. Raises `OperationalError` or
    `InterfaceError` when the database is away: nothing is known then, so repeat.
    """
    try:
        return _commit(sayings)
    except AWAY:
        connection.close()
        raise
    except Exception as error:  # noqa: BLE001 - drivers refuse values with errors of any type, and runs share no fate
        if len(sayings) == 1:
            return [Rejected(sayings[0].batch, f"{type(error).__name__}: {error}")]
        middle = len(sayings) // 2
        return commit(sayings[:middle]) + commit(sayings[middle:])


def _commit(sayings: Sequence[Saying]) -> list[Outcome]:
    with transaction.atomic():
        results = append_batches([saying.batch for saying in sayings])
        for saying, result in zip(sayings, results, strict=True):
            if saying.terminal and saying.answer and isinstance(result, Appended) and not result.repeated:
                settle(saying.batch.run_id, saying.terminal, saying.answer)
    return list(results)
