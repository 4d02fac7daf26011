"""With a hundred thousand rows of others in each table, no query that a reader waits for walks through one."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connections, transaction

from streaming.events import Complete, ConversationChanged, Start
from streaming.log import append_batches, append_events, compact, forget_before, heads, position, prepare, read
from streaming.models import Run
from streaming.runs.claim import claim_runs, held_runs, stop_requester
from streaming.runs.commit import Saying, commit
from streaming.runs.ending import end_from_outside
from streaming.runs.history import history_of
from streaming.runs.lease import register_engine, renew_lease
from streaming.runs.reap import queue_age_seconds, reap_orphans
from streaming.web.sidebar import list_chats
from tests.scale import filler
from tests.support.rows import a_chat, a_claim, a_person, a_run, batch

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture(scope="module", autouse=True)
def filled(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        filler.fill()
        yield
        filler.empty()


def scans(call: Callable[[], Any]) -> list[tuple[str, str]]:
    """The statements of `call` that walk through a table that grows, and the table."""
    found: list[tuple[str, str]] = []
    asked: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.split(maxsplit=1)[0] in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}:
            asked.append(sql)
            with context["connection"].connection.cursor() as cursor:
                cursor.execute("EXPLAIN (FORMAT JSON) " + sql, params[0] if many else params)
                [(plan,)] = cursor.fetchall()
            whole = plan if isinstance(plan, list) else json.loads(plan)
            found.extend((sql, table) for table in _scanned(whole[0]["Plan"]) if table in filler.BIG)
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        for alias in ("default", "reader"):
            stack.enter_context(connections[alias].execute_wrapper(explain))
        call()
    assert asked, "nothing was asked of the database"
    return found


def _scanned(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for child in plan.get("Plans", ()):
        yield from _scanned(child)


def test_a_walk_through_a_table_is_noticed():
    assert scans(lambda: list(Run.objects.filter(model="nobody's"))) != []


def test_engine_claims_follows_and_reaps():
    engine = register_engine(capacity=5)
    behind = a_run(after=a_run())
    claim = a_claim(behind.after, engine)
    for call in (
        lambda: claim_runs(engine.pk, room=500),
        lambda: claim_runs(engine.pk, room=1, queues=("work",)),
        lambda: held_runs(engine.pk),
        lambda: stop_requester(claim.run_id),
        lambda: renew_lease(engine.pk),
        lambda: reap_orphans(reaper=engine.pk),
        lambda: reap_orphans(reaper="another"),
        queue_age_seconds,
    ):
        assert scans(call) == []


def test_run_is_written_and_ended():
    sent = a_chat()
    claim = a_claim(sent.run)
    history = Run.objects.get(pk=claim.run_id)
    assert scans(lambda: history_of(history)) == []
    assert scans(lambda: commit([Saying(batch(claim, 0, Start(), *"abc"))])) == []
    assert scans(lambda: commit([Saying(batch(claim, 0, Start(), *"abc"))])) == [], "repeated"
    assert scans(lambda: end_from_outside(Run.objects.get(pk=claim.run_id), Complete())) == []
    told = [prepare(ConversationChanged(title="T"), ts=1)]
    with transaction.atomic():
        assert scans(lambda: append_events(claim.stream_id, told)) == []


def test_stream_is_read_packed_and_forgotten():
    claim = a_claim()
    append_batches([batch(claim, 0, *map(str, range(50)))])
    for call in (
        lambda: read(claim.stream_id, 10, using="default"),
        lambda: position(claim.stream_id, using="default"),
        lambda: heads([claim.stream_id], using="default"),
        lambda: compact(claim.stream_id, 1, 50),
        lambda: forget_before(claim.stream_id, 2**60),
    ):
        assert scans(call) == []


@pytest.mark.parametrize("before", ["", "2026-01-01T12:00:00+00:00 00000000000000000000000000000001"])
def test_sidebar_lists_the_chats_of_one_person(before):
    alice = a_person("alice")
    for _ in range(60):
        a_chat(alice)
    assert scans(lambda: list_chats(alice, before=before)) == []
