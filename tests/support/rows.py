"""Rows to test on: people, streams, claimed runs. Makes them as the product does where the product has a way."""

import itertools
from collections.abc import Iterable

from streaming.chats import Sent, start_chat
from streaming.events import EventData, StreamingChunk, StreamingEvent
from streaming.log import Batch, prepare, read
from streaming.models import Connection, Conversation, Engine, Message, Person, Run, Stream
from streaming.runs.claim import Claim, claim_runs
from streaming.runs.lease import end_lease, register_engine, renew_lease

_numbers = itertools.count(1)
FIRST_TS = 1_800_000_000_000


def a_person(name: str = "", **fields: object) -> Person:
    return Person.objects.create(username=name or f"person-{next(_numbers)}", **fields)


def a_run(owner: Person | None = None, stream: Stream | None = None, **fields: object) -> Run:
    """A queued run on a stream of its own, without a conversation."""
    return Run.objects.create(
        owner=owner or a_person(), stream=stream or Stream.objects.create(), model="demo/demo", **fields
    )


def a_claim(run: Run | None = None, engine: Engine | None = None) -> Claim:
    """A run, claimed by an engine with a fresh lease; other queued runs are claimed with it.

    An engine whose lease has expired claimed it when it was alive.
    """
    run = run or a_run()
    engine = engine or register_engine(capacity=100)
    lease = Engine.objects.filter(pk=engine.pk)
    expires_at = lease.get().expires_at
    renew_lease(engine.pk)
    claims = claim_runs(engine.pk, room=1000)
    lease.update(expires_at=expires_at)
    return next(claim for claim in claims if claim.run_id == run.pk)


def a_chat(owner: Person | None = None, text: str = "Hello", **given: object) -> Sent:
    return start_chat(owner=owner or a_person(), text=text, **given)


def connected(url: str, *, kind: str = "openai", models: Iterable[str] = ("scripted",), key: str = "") -> Connection:
    """A connection as an administrator makes it, its models already listed."""
    return Connection.objects.create(
        kind=kind, name="Scripted", base_url=url, api_key=key, catalog=[{"id": name} for name in models]
    )


def batch(claim: Claim, after_n: int, *said: EventData | str, ts: int = FIRST_TS, fence: int | None = None) -> Batch:
    """What the claim's holder says next; a plain string is a chunk."""
    datas = [StreamingChunk(each) if isinstance(each, str) else each for each in said]
    items = tuple(
        prepare(data, ts=ts + n, run_id=claim.run_id, attempt=claim.attempt) for n, data in enumerate(datas, after_n)
    )
    return Batch(claim.stream_id, claim.run_id, claim.attempt, claim.fence if fence is None else fence, after_n, items)


def log(stream: Stream | int, after: int = 0) -> list[StreamingEvent]:
    """All events of a stream, as the product reads them, page by page."""
    stream_id = stream if isinstance(stream, int) else stream.pk
    events: list[StreamingEvent] = []
    while True:
        page = read(stream_id, events[-1].seq if events else after, using="default")
        events += page.events
        if not page.more:
            return events


def types(stream: Stream | int) -> list[str]:
    return [event.type.value for event in log(stream)]


def said(sent: Sent) -> str:
    """The text that the log holds."""
    return "".join(event.data.delta for event in log(sent.run.stream_id) if isinstance(event.data, StreamingChunk))


def ends(sent: Sent) -> list[str]:
    """The terminal events in the log."""
    return [event.type.value for event in log(sent.run.stream_id) if event.is_terminal]


def run_of(sent: Sent) -> Run:
    return Run.objects.get(pk=sent.run.pk)


def answer_of(sent: Sent) -> Message:
    return Message.objects.get(pk=sent.answer.pk)


def stream_of(conversation: Conversation | None) -> int:
    assert conversation is not None
    return conversation.stream_id


def state(claim: Claim) -> str:
    """The state of the claim's run now."""
    return Run.objects.get(pk=claim.run_id).state


def engine_that_left() -> Engine:
    """One that gave its lease up."""
    engine = register_engine(capacity=10)
    end_lease(engine.pk)
    return engine
