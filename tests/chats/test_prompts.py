"""Sending a prompt: the tree, the queue, the title, what is refused, and one transaction for all of it."""

import pytest
from django.db import transaction

from streaming.bell import EngineHint
from streaming.chats import create_conversation, delete_conversation, leaf_of, send_prompt, start_chat
from streaming.chats.prompts import MAX_PROMPT_CHARACTERS, MAX_WAITING, title_from
from streaming.errors import InvalidInputError
from streaming.models import Conversation, Event, Message, Run
from tests.support.rows import a_person, connected, log, types

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture
def alice():
    return a_person("alice")


def told(conversation: Conversation) -> list[dict]:
    return [{"type": event.type.value, "data": event.data} for event in log(conversation.stream_id)]


def finish(sent, state=Run.State.COMPLETE) -> None:
    Run.objects.filter(pk=sent.run.pk).update(state=state)


def test_prompt_makes_question_answer_and_run_and_tells_of_them(alice):
    sent = start_chat(owner=alice, text="Why is the sky blue?")
    conversation = sent.run.conversation
    assert sent.created
    assert (sent.message.role, sent.message.text, sent.message.parent) == ("user", "Why is the sky blue?", None)
    assert (sent.answer.role, sent.answer.parts, sent.answer.parent) == ("assistant", [], sent.message)
    assert (sent.run.state, sent.run.message, sent.run.model) == (Run.State.QUEUED, sent.answer, "demo/demo")
    question, answer, change = [event.data for event in log(conversation.stream_id)]
    assert (question.id, question.parent, question.text) == (sent.message.pk, "", "Why is the sky blue?")
    assert question.author == str(alice.pk)
    assert (answer.id, answer.parent, answer.run_id) == (sent.answer.pk, sent.message.pk, sent.run.pk)
    assert (question.queued, answer.queued) == (False, False)
    assert change.title == "Why is the sky blue?"
    assert leaf_of(conversation, alice) == sent.answer


def test_prompt_follows_the_answer_before_it(alice):
    first = start_chat(owner=alice, text="one")
    finish(first)
    second = send_prompt(first.run.conversation, author=alice, text="two")
    assert second.message.parent == first.answer
    assert second.run.after is None


def test_prompt_in_an_empty_conversation_is_its_root(alice):
    conversation = create_conversation(owner=alice)
    assert leaf_of(conversation, alice) is None
    sent = send_prompt(conversation, author=alice, text="first")
    assert sent.message.parent is None


def test_prompt_waits_in_line_while_an_answer_is_being_written(alice):
    first = start_chat(owner=alice, text="one")
    second = send_prompt(first.run.conversation, author=alice, text="two")
    third = send_prompt(first.run.conversation, author=alice, text="three")
    assert (second.run.after, third.run.after) == (first.run, second.run)
    assert (second.message.parent, third.message.parent) == (first.answer, second.answer)
    queued = [event.data.queued for event in log(first.run.stream_id) if event.type == "message"]
    assert queued == [False, False, True, True, True, True]


@pytest.mark.parametrize("state", Run.ENDED)
def test_prompt_waits_for_nobody_once_the_answer_has_ended_however(alice, state):
    first = start_chat(owner=alice, text="one")
    finish(first, state)
    assert send_prompt(first.run.conversation, author=alice, text="two").run.after is None


def test_prompts_in_line_have_a_limit_that_says_so(alice):
    first = start_chat(owner=alice, text="one")
    Run.objects.filter(pk=first.run.pk).update(state=Run.State.RUNNING)
    for n in range(MAX_WAITING):
        send_prompt(first.run.conversation, author=alice, text=f"{n}")
    before = types(first.run.stream_id)
    with pytest.raises(InvalidInputError, match="20 messages are waiting"):
        send_prompt(first.run.conversation, author=alice, text="one too many")
    assert types(first.run.stream_id) == before


@pytest.mark.parametrize("text", ["", " ", "\n\n\n", "\t \r\n ", "\u00a0"])
def test_prompt_without_a_letter_is_refused(alice, text):
    with pytest.raises(InvalidInputError, match="nothing to send"):
        start_chat(owner=alice, text=text)
    assert not Conversation.objects.exists()


def test_prompt_that_is_too_long_is_refused_with_its_length(alice):
    with pytest.raises(InvalidInputError, match="400,001 characters; 400,000 fit"):
        start_chat(owner=alice, text="x" * (MAX_PROMPT_CHARACTERS + 1))
    assert start_chat(owner=alice, text="x" * MAX_PROMPT_CHARACTERS).created


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\x00b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("\x00", "\ufffd"),
        ("one\r\ntwo", "one\ntwo"),
        ("\n\n  indented\n", "  indented"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("👩\u200d🚀 e\u0301 \u202eשלום", "👩\u200d🚀 e\u0301 \u202eשלום"),
    ],
)
def test_prompt_is_kept_as_text_that_everything_can_hold(alice, given, kept):
    sent = start_chat(owner=alice, text=given)
    assert Message.objects.get(pk=sent.message.pk).text == kept
    assert log(sent.run.stream_id)[0].data.text == kept


@pytest.mark.parametrize("model", ["nothing/like-it", "demo", "demo/", "/", "demo/other"])
def test_prompt_for_an_unknown_model_is_refused(alice, model):
    with pytest.raises(InvalidInputError, match="not available"):
        start_chat(owner=alice, text="Hello", model=model)
    assert not Run.objects.exists()


def test_prompt_for_a_model_whose_connection_was_disabled_is_refused(alice):
    connection = connected("http://127.0.0.1:9/v1")
    sent = start_chat(owner=alice, text="Hello", model=f"{connection.pk}/scripted")
    finish(sent)
    connection.enabled = False
    connection.save()
    with pytest.raises(InvalidInputError, match="Choose another one"):
        send_prompt(sent.run.conversation, author=alice, text="again")


def test_prompt_stays_with_the_conversations_model_and_may_change_it(alice):
    connection = connected("http://127.0.0.1:9/v1", models=["one", "two"])
    sent = start_chat(owner=alice, text="Hello", model=f"{connection.pk}/one")
    finish(sent)
    conversation = Conversation.objects.get(pk=sent.run.conversation_id)
    assert conversation.model == f"{connection.pk}/one"
    same = send_prompt(conversation, author=alice, text="same")
    assert same.run.model == f"{connection.pk}/one"
    finish(same)
    other = send_prompt(conversation, author=alice, text="other", model=f"{connection.pk}/two")
    assert other.run.model == f"{connection.pk}/two"
    conversation.refresh_from_db()
    assert conversation.model == f"{connection.pk}/two"
    assert log(conversation.stream_id)[-1].data.model == f"{connection.pk}/two"


def test_prompt_moves_the_conversation_to_the_top(alice):
    sent = start_chat(owner=alice, text="Hello")
    before = Conversation.objects.get(pk=sent.run.conversation_id).active_at
    finish(sent)
    send_prompt(sent.run.conversation, author=alice, text="again")
    assert Conversation.objects.get(pk=sent.run.conversation_id).active_at > before


def test_prompt_to_a_deleted_conversation_is_refused(alice):
    sent = start_chat(owner=alice, text="Hello")
    delete_conversation(sent.run.conversation, by=alice)
    with pytest.raises(InvalidInputError, match="deleted"):
        send_prompt(sent.run.conversation, author=alice, text="again")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello", "Hello"),
        ("\n\n  First line  \nsecond", "First line"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 80 + "…"),
        ("word " * 40, "word " * 15 + "word…"),
        ("one, " * 30, "one, " * 15 + "one…"),
        ("   \n  ", "New chat"),
    ],
)
def test_title_is_the_first_line_cut_at_a_word(text, title):
    assert title_from(text) == title
    assert len(title_from(text)) <= 82


def test_title_is_kept_once_there_is_one(alice):
    sent = start_chat(owner=alice, text="The first")
    finish(sent)
    send_prompt(sent.run.conversation, author=alice, text="The second")
    assert Conversation.objects.get(pk=sent.run.conversation_id).title == "The first"


def test_events_and_rows_of_an_action_share_its_fate(alice, monkeypatch):
    """An exception at the very end takes back the rows, and one in the rows takes back the events."""
    sent = start_chat(owner=alice, text="Hello")
    finish(sent)
    before = (Message.objects.count(), Run.objects.count(), Event.objects.count(), types(sent.run.stream_id))

    def fail(*_: object) -> None:
        raise RuntimeError

    for place in ("streaming.chats.prompts._touch", "streaming.chats.acting.append_events"):
        with monkeypatch.context() as patch:
            patch.setattr(place, fail)
            with pytest.raises(RuntimeError):
                send_prompt(sent.run.conversation, author=alice, text="lost")
    with transaction.atomic():
        send_prompt(sent.run.conversation, author=alice, text="lost")
        transaction.set_rollback(True)
    after = (Message.objects.count(), Run.objects.count(), Event.objects.count(), types(sent.run.stream_id))
    assert after == before


def test_ring_and_hint_come_after_the_commit_and_not_without_it(alice, monkeypatch, django_capture_on_commit_callbacks):
    rung: list[object] = []
    monkeypatch.setattr("streaming.runs.ending.ring", rung.append)
    monkeypatch.setattr("streaming.runs.submit.hint_engines", rung.append)
    with django_capture_on_commit_callbacks(execute=True):
        sent = start_chat(owner=alice, text="Hello")
        assert rung == []
    assert len(rung) == 2
    assert rung[0] == EngineHint("claim", sent.run.pk, "streams"), "the engine first: it has the longer way"
    bell = next(each for each in rung if hasattr(each, "events"))
    assert (bell.stream_id, bell.seq, len(bell.events)) == (sent.run.stream_id, 3, 3)
