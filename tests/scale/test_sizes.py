"""What answers cost in the table of events, while they run and after they were packed. Figures for docs/log.md."""

import random
import sys
from collections.abc import Iterator

import pytest
from django.db import connection

from streaming.events import Complete, EventData, Start, StreamingChunk, fold
from streaming.log import Batch, append_batches, prepare
from streaming.models import Event, Run
from streaming.runs.housekeeping import pack_leftovers
from tests.scale import filler
from tests.support.rows import FIRST_TS, a_claim, a_run

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])
ANSWERS = 40
TOKENS = 1_000
PER_SECOND = 50
TICK_MS = 33


@pytest.fixture(autouse=True)
def emptied() -> Iterator[None]:
    yield
    filler.empty()


def size() -> int:
    """Bytes of the table with its indexes, after what was deleted has been given back."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL streaming_event")
        cursor.execute("SELECT pg_total_relation_size('streaming_event')")
        return int(cursor.fetchone()[0])


def answer(words: random.Random) -> list[tuple[int, EventData]]:
    """An answer of `TOKENS` tokens as an engine logs it: those of a tick in one event."""
    said: list[tuple[int, EventData]] = [(FIRST_TS, Start())]
    tick: list[tuple[int, EventData]] = []
    for number in range(TOKENS):
        ts = FIRST_TS + number * 1000 // PER_SECOND
        if tick and ts - tick[0][0] >= TICK_MS:
            said += fold(tick)
            tick = []
        tick.append((ts, StreamingChunk("".join(words.choices("etaoinshrdlu", k=4)) + " ")))
    return [*said, *fold(tick), (ts, Complete())]


def test_packed_answers_take_a_fraction() -> None:
    words = random.Random(1)
    for _ in range(ANSWERS):
        claim = a_claim(a_run())
        items = tuple(prepare(data, ts=ts, run_id=claim.run_id, attempt=1) for ts, data in answer(words))
        append_batches([Batch(claim.stream_id, claim.run_id, 1, claim.fence, 0, items)])
        Run.objects.filter(pk=claim.run_id).update(state=Run.State.COMPLETE)
    rows, bytes_ = Event.objects.count() / ANSWERS, size() / ANSWERS
    pack_leftovers()
    packed_rows, packed_bytes = Event.objects.count() / ANSWERS, size() / ANSWERS
    sys.stdout.write(
        f"\nper answer of {TOKENS} tokens: {rows:.0f} rows, {bytes_ / 1024:.1f} KiB;"
        f" packed {packed_rows:.0f} row, {packed_bytes / 1024:.1f} KiB\n"
    )
    assert packed_rows == 1
    assert packed_bytes < bytes_ / 5
