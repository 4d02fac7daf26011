"""Whatever people and engines do: the state folded from the event log is the state in the tables.

The fold is a reader of its own; it shares nothing with the product but the vocabulary of events.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from streaming.chats import (
    choose_path,
    continue_answer,
    create_conversation,
    delete_conversation,
    leaf_of,
    remove_message,
    rename_conversation,
    retry_answer,
    send_prompt,
)
from streaming.errors import StreamingError
from streaming.events import (
    Cancelled,
    Complete,
    ConversationChanged,
    EventData,
    Failed,
    Interrupted,
    MessageAdded,
    MessageRemoved,
    Metadata,
    PathChosen,
    Start,
    StreamingChunk,
    StreamingEvent,
)
from streaming.log import compact, position
from streaming.models import Conversation, Message, Run
from streaming.runs import stop_run
from streaming.runs.answer import Answer
from streaming.runs.claim import Claim, claim_runs
from streaming.runs.commit import Saying, commit
from streaming.runs.lease import end_lease, register_engine
from streaming.runs.reap import reap_orphans
from tests.support.rows import a_person, batch, log

STATES = {Complete: "complete", Cancelled: "cancelled", Failed: "error", Interrupted: "interrupted"}


@dataclass
class Told:
    """What a reader knows who has only the log."""

    parents: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    message_of: dict[str, str] = field(default_factory=dict)
    ends: dict[str, list[str]] = field(default_factory=dict)
    leaf: str = ""
    title: str = ""
    model: str = ""
    deleted: bool = False

    def take(self, event: StreamingEvent) -> None:
        if event.run_id:
            self.take_from_run(event)
        else:
            self.take_from_conversation(event.data)

    def take_from_conversation(self, data: EventData) -> None:
        if isinstance(data, MessageAdded):
            self.parents[data.id], self.roles[data.id], self.texts[data.id] = data.parent, data.role, data.text
            if data.run_id:
                self.message_of[data.run_id] = data.id
            if data.parent == self.leaf:
                self.leaf = data.id
        elif isinstance(data, MessageRemoved):
            below = {data.id}
            for message, parent in self.parents.items():
                if parent in below:
                    below.add(message)
            self.removed |= below
            if self.leaf in below:
                self.leaf = self.parents[data.id]
        elif isinstance(data, PathChosen):
            self.leaf = data.leaf
        elif isinstance(data, ConversationChanged):
            self.title = self.title if data.title is None else data.title
            self.model = self.model if data.model is None else data.model
            self.deleted = self.deleted or bool(data.deleted)

    def take_from_run(self, event: StreamingEvent) -> None:
        data = event.data
        if isinstance(data, Start):
            self.texts[self.message_of[event.run_id]] = ""
        elif isinstance(data, StreamingChunk):
            self.texts[self.message_of[event.run_id]] += data.delta
        elif type(data) in STATES:
            self.ends.setdefault(event.run_id, []).append(STATES[type(data)])


class Chat(RuleBasedStateMachine):
    """One conversation, one person, an engine that dies now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()  # engines claim whatever is queued, so no example sees another's runs
        self.example.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    @initialize(titled=st.booleans())
    def begin(self, titled: bool) -> None:
        self.alice = a_person()
        self.conversation = create_conversation(owner=self.alice, model="demo/demo" if titled else "")
        self.engine = register_engine(capacity=3)
        self.claims: dict[str, Claim] = {}
        self.answers: dict[str, Answer] = {}
        self.positions: dict[str, int] = {}

    # What the person does

    @rule(text=st.sampled_from(["Hello", "And then?", "x", ""]), key=st.sampled_from([None, None, "k1", "k2"]))
    def send(self, text: str, key: str | None) -> None:
        self.attempt(send_prompt, self.conversation, author=self.alice, text=text, key=key)

    @rule(data=st.data(), act=st.sampled_from([retry_answer, continue_answer]))
    def go_on(self, data: st.DataObject, act: Any) -> None:
        if runs := list(Run.objects.filter(conversation=self.conversation).order_by("id")):
            self.attempt(act, data.draw(st.sampled_from(runs)), by=self.alice)

    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        if messages := self.messages():
            self.attempt(remove_message, data.draw(st.sampled_from(messages)), by=self.alice)

    @rule(data=st.data())
    def look_elsewhere(self, data: st.DataObject) -> None:
        if messages := self.messages():
            leaf = data.draw(st.sampled_from(messages)).pk
            self.attempt(choose_path, self.conversation, person=self.alice, leaf=leaf)

    @rule(title=st.sampled_from(["Title", " two  words ", ""]))
    def rename(self, title: str) -> None:
        self.attempt(rename_conversation, self.conversation, title=title)

    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        if runs := list(Run.objects.filter(conversation=self.conversation).order_by("id")):
            stop_run(data.draw(st.sampled_from(runs)), by=self.alice)

    @precondition(lambda self: self.messages())
    @rule(sure=st.integers(0, 15))
    def delete(self, sure: int) -> None:
        if not sure:
            self.attempt(delete_conversation, self.conversation, by=self.alice)

    # What the engine does

    @rule()
    def claim(self) -> None:
        for claim in claim_runs(self.engine.pk, room=2):
            self.claims[claim.run_id] = claim
            self.answers[claim.run_id], self.positions[claim.run_id] = Answer(), 0
            self.say(claim.run_id, Start(agent="chat", model="demo"))

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), text=st.sampled_from(["one ", "two ", " ", "\n"]))
    def speak(self, data: st.DataObject, text: str) -> None:
        self.say(data.draw(st.sampled_from(sorted(self.claims))), StreamingChunk(text))

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), end=st.sampled_from([Complete(), Failed("code", "Sentence."), Cancelled(by="alice")]))
    def end(self, data: st.DataObject, end: Any) -> None:
        run_id = data.draw(st.sampled_from(sorted(self.claims)))
        self.say(run_id, Metadata(duration_ms=5), end)
        del self.claims[run_id]

    @rule()
    def die(self) -> None:
        """Its claims stay with the zombie, which goes on speaking."""
        end_lease(self.engine.pk)
        self.engine = register_engine(capacity=3)
        reap_orphans(reaper=self.engine.pk)

    @rule()
    def pack(self) -> None:
        if not Run.objects.filter(conversation=self.conversation, state=Run.State.RUNNING).exists():
            stream_id = self.conversation.stream_id
            compact(stream_id, 1, position(stream_id, using="default").last_seq)

    # What must be so

    @invariant()
    def log_and_tables_agree(self) -> None:
        if not hasattr(self, "conversation"):
            return
        events = log(self.conversation.stream_id)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        told = Told()
        for event in events:
            told.take(event)
        self.compare_messages(told)
        self.compare_conversation(told)
        for run in Run.objects.filter(conversation=self.conversation):
            assert told.ends.get(run.pk, []) == ([run.state] if run.state in Run.ENDED else [])

    def compare_messages(self, told: Told) -> None:
        rows = list(Message.objects.filter(conversation=self.conversation).select_related("run").order_by("id"))
        assert list(told.parents.items()) == [(row.pk, row.parent_id or "") for row in rows]
        assert told.roles == {row.pk: row.role for row in rows}
        assert told.removed == {row.pk for row in rows if row.removed_at}
        for row in rows:
            if row.role == "user" or row.run.state in Run.ENDED:
                assert told.texts[row.pk] == row.text

    def compare_conversation(self, told: Told) -> None:
        row = Conversation.objects.get(pk=self.conversation.pk)
        assert told.title == row.title
        assert told.deleted == (row.deleted_at is not None)
        assert told.model in {row.model, ""}, "what a chat begins with is not told"
        leaf = leaf_of(row, self.alice)
        assert told.leaf == (leaf.pk if leaf else "")

    # How it is done

    def messages(self) -> list[Message]:
        return list(Message.objects.filter(conversation=self.conversation).order_by("id"))

    def attempt(self, act: Any, *args: Any, **given: Any) -> None:
        """An action happens or is refused in words; whatever else it raises is a fault."""
        with suppress(StreamingError), transaction.atomic():
            act(*args, **given)

    def say(self, run_id: str, *data: Any) -> None:
        claim, answer, n = self.claims[run_id], self.answers[run_id], self.positions[run_id]
        for each in data:
            answer.add(1_800_000_000_000, each)
        ends = type(data[-1]) in STATES
        saying = Saying(batch(claim, n, *data), *([data[-1], answer] if ends else []))
        commit([saying])
        self.positions[run_id] = n + len(data)


@pytest.mark.django_db(databases=["default", "reader"])
def test_events_tell_all_that_the_tables_hold():
    run_state_machine_as_test(
        Chat,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
