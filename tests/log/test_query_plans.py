"""No query of the log walks through a table: its cost must not grow with what others have written."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from streaming.chats import send_prompt
from streaming.events import Complete, ConversationChanged
from streaming.log import (
    append_batches,
    append_events,
    can_resume,
    compact,
    forget_before,
    heads,
    position,
    prepare,
    read,
)
from streaming.models import Run
from streaming.runs.claim import claim_runs, held_runs
from streaming.runs.ending import end_from_outside
from streaming.runs.lease import register_engine, renew_lease
from streaming.runs.prepare import prepare_run
from streaming.runs.reap import reap_orphans
from tests.support.rows import a_chat, a_claim, a_person, batch, connected

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db(databases=["default", "reader"])]


def plans(call: Callable[[], Any]) -> dict[str, list[str]]:
    """How SQLite carries out each statement of `call`."""
    found: dict[str, list[str]] = {}

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.split(maxsplit=1)[0] in {"SELECT", "UPDATE", "DELETE", "WITH"}:
            values = tuple((params[0] if many else params) or ())
            rows = connection.connection.execute("EXPLAIN QUERY PLAN " + sql.replace("%s", "?"), values)
            found[sql] = [row[3] for row in rows.fetchall()]
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        call()
    return found


def scans(call: Callable[[], Any]) -> list[tuple[str, list[str]]]:
    """The statements that walk through a table that grows."""
    big = ("SCAN streaming_event", "SCAN streaming_stream", "SCAN streaming_message", "SCAN streaming_run")
    found = plans(call)
    assert found, "nothing was asked of the database"
    return [(sql, plan) for sql, plan in found.items() if any(line.startswith(big) for line in plan)]


@pytest.fixture
def claim():
    claim = a_claim()
    append_batches([batch(claim, 0, *map(str, range(50)))])
    return claim


def test_read_uses_the_primary_key(claim):
    [plan] = plans(lambda: read(claim.stream_id, 10, using="default")).values()
    assert len(plan) == 1
    assert plan[0].startswith("SEARCH streaming_event USING")
    assert "(stream_id=? AND seq>?)" in plan[0]


def test_position_and_resume_look_up_rows(claim):
    assert scans(lambda: position(claim.stream_id, using="default")) == []
    head = position(claim.stream_id, using="default").head
    assert scans(lambda: can_resume(claim.stream_id, head, using="default")) == []
    assert scans(lambda: heads([claim.stream_id], using="default")) == []


def test_append_looks_up_rows(claim):
    with transaction.atomic():
        assert scans(lambda: append_batches([batch(claim, 50, "a")])) == []
        assert scans(lambda: append_batches([batch(claim, 50, "a")])) == [], "repeated"
        told = [prepare(ConversationChanged(title="T"), ts=1)]
        assert scans(lambda: append_events(claim.stream_id, told)) == []


def test_compaction_and_retention_look_up_rows(claim):
    assert scans(lambda: compact(claim.stream_id, 1, 50)) == []
    assert scans(lambda: forget_before(claim.stream_id, 2**60)) == []


def test_ending_claiming_and_reaping_look_up_rows(claim):
    engine = register_engine(capacity=5)
    run = Run.objects.get(pk=claim.run_id)
    assert scans(lambda: end_from_outside(run, Complete())) == []
    for call in (
        lambda: claim_runs(engine.pk, room=5),
        lambda: held_runs(engine.pk),
        lambda: renew_lease(engine.pk),
        lambda: reap_orphans(reaper=engine.pk),
    ):
        assert scans(call) == []


def test_a_prompt_on_its_way_to_the_model_looks_up_rows():
    alice, model = a_person(), f"{connected('http://127.0.0.1:9/v1').pk}/scripted"
    conversation = a_chat(alice, model=model).message.conversation
    sent = []
    asking = plans(lambda: sent.append(send_prompt(conversation, author=alice, text="two", model=model, key="k")))
    preparing = plans(lambda: prepare_run(sent[0].run.pk))
    assert [
        plan for plan in (*asking.values(), *preparing.values()) if any(line.startswith("SCAN") for line in plan)
    ] == []
