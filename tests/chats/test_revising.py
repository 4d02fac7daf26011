"""Retry and continue: what becomes of the tree, the runs and the path."""

import pytest

from streaming.chats import continue_answer, leaf_of, retry_answer, send_prompt
from streaming.errors import ConflictError, InvalidInputError
from streaming.events import ConversationChanged
from streaming.models import Connection, Conversation, Message, Run
from streaming.runs.history import history_of
from tests.support.rows import a_chat, a_person, log, types

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture
def alice():
    return a_person("alice")


def end(run: Run, text: str, state: str = Run.State.INTERRUPTED, thinking: str = "") -> Run:
    Run.objects.filter(pk=run.pk).update(state=state)
    parts = [["thinking", thinking]] * bool(thinking) + [["text", text]] * bool(text)
    Message.objects.filter(pk=run.message_id).update(parts=parts)
    return Run.objects.get(pk=run.pk)


def removed(message: Message) -> bool:
    return Message.objects.get(pk=message.pk).removed_at is not None


# Retry


def test_retry_makes_a_sibling_and_moves_the_path(alice):
    sent = a_chat(alice)
    again = retry_answer(end(sent.run, "half"), by=alice)
    assert again.message.parent == sent.message
    assert again.message != sent.answer
    assert (again.state, again.after, again.continues, again.model) == (Run.State.QUEUED, None, None, sent.run.model)
    assert leaf_of(sent.run.conversation, alice) == again.message
    assert [event.data for event in log(sent.run.stream_id)][-1].leaf == again.message_id
    assert types(sent.run.stream_id)[-2:] == ["message", "path"]
    assert not removed(sent.answer)


@pytest.mark.parametrize("state", Run.ENDED)
def test_retry_is_there_for_every_end(alice, state):
    sent = a_chat(alice)
    assert retry_answer(end(sent.run, "", state), by=alice).state == Run.State.QUEUED


@pytest.mark.parametrize("state", Run.LIVE)
@pytest.mark.parametrize("act", [retry_answer, continue_answer])
def test_live_run_can_neither_be_retried_nor_continued(alice, act, state):
    sent = a_chat(alice)
    before = types(sent.run.stream_id)
    with pytest.raises(ConflictError, match="Stop it first"):
        act(end(sent.run, "half", state), by=alice)
    assert types(sent.run.stream_id) == before


@pytest.mark.parametrize("act", [retry_answer, continue_answer])
def test_another_model_may_write_and_becomes_the_conversations(alice, act):
    sent = a_chat(alice)
    Connection.objects.create(id="c1", name="C", kind="openai", catalog=[{"id": "other"}])
    again = act(end(sent.run, "half"), by=alice, model="c1/other")
    assert again.model == "c1/other"
    assert Conversation.objects.get(pk=again.conversation_id).model == "c1/other"
    told = [event.data for event in log(sent.run.stream_id) if isinstance(event.data, ConversationChanged)]
    assert told[-1].model == "c1/other"


@pytest.mark.parametrize("act", [retry_answer, continue_answer])
def test_an_unknown_model_writes_nothing(alice, act):
    sent = a_chat(alice)
    before = types(sent.run.stream_id)
    with pytest.raises(InvalidInputError, match="Choose another one"):
        act(end(sent.run, "half"), by=alice, model="nowhere/none")
    assert types(sent.run.stream_id) == before


def test_retry_of_a_continuation_begins_the_whole_answer_anew(alice):
    sent = a_chat(alice)
    more = continue_answer(end(sent.run, "one "), by=alice)
    more = continue_answer(end(more, "two "), by=alice)
    again = retry_answer(end(more, "three"), by=alice)
    assert again.message.parent == sent.message
    assert history_of(again)[1] == ""


# Continue


def test_continue_names_the_run_it_goes_on_from(alice):
    sent = a_chat(alice, "Question")
    run = end(sent.run, "half an ans")
    more = continue_answer(run, by=alice)
    assert (more.continues, more.message.parent, more.state) == (run, sent.answer, Run.State.QUEUED)
    messages, text = history_of(more)
    assert [(message.role, message.text) for message in messages] == [("user", "Question")]
    assert text == "half an ans"
    assert leaf_of(sent.run.conversation, alice) == more.message


def test_continue_of_a_continuation_goes_on_from_all_of_it(alice):
    sent = a_chat(alice, "Question")
    run = sent.run
    for text in ("one ", "two ", "three "):
        run = continue_answer(end(run, text), by=alice)
    messages, text = history_of(run)
    assert [(message.role, message.text) for message in messages] == [("user", "Question")]
    assert text == "one two three "


def test_continued_answer_is_one_answer_to_the_model(alice):
    sent = a_chat(alice, "Question")
    more = continue_answer(end(sent.run, "one "), by=alice)
    end(more, "two", Run.State.COMPLETE)
    following = send_prompt(sent.run.conversation, author=alice, text="And then?")
    messages, text = history_of(following.run)
    assert [(message.role, message.text) for message in messages] == [
        ("user", "Question"),
        ("assistant", "one two"),
        ("user", "And then?"),
    ]
    assert text == ""


@pytest.mark.parametrize(("text", "thinking"), [("", ""), ("", "only thought about it")])
def test_continue_needs_some_text(alice, text, thinking):
    with pytest.raises(ConflictError, match="Use Retry instead"):
        continue_answer(end(a_chat(alice).run, text, thinking=thinking), by=alice)


def test_continue_on_another_branch_moves_the_path_and_says_so(alice):
    sent = a_chat(alice)
    first = end(sent.run, "first")
    retry_answer(first, by=alice)
    more = continue_answer(first, by=alice)
    assert leaf_of(sent.run.conversation, alice) == more.message
    assert types(sent.run.stream_id)[-2:] == ["message", "path"]


def test_continue_where_one_looks_only_makes_the_path_longer(alice):
    sent = a_chat(alice)
    continue_answer(end(sent.run, "first"), by=alice)
    assert types(sent.run.stream_id)[-1] == "message"


def test_history_leaves_thinking_and_empty_answers_out(alice):
    sent = a_chat(alice, "one")
    end(sent.run, "", Run.State.ERROR, thinking="hmm")
    following = send_prompt(sent.run.conversation, author=alice, text="two")
    messages, _ = history_of(following.run)
    assert [(message.role, message.text) for message in messages] == [("user", "one\n\ntwo")]


def test_history_is_the_branch_and_not_its_siblings(alice):
    sent = a_chat(alice, "one")
    first = end(sent.run, "wrong")
    again = retry_answer(first, by=alice)
    end(again, "right", Run.State.COMPLETE)
    following = send_prompt(sent.run.conversation, author=alice, text="two")
    messages, _ = history_of(following.run)
    assert [message.text for message in messages] == ["one", "right", "two"]
