"""A waiting prompt is taken back with what waits behind it, until its answer has begun."""

import pytest

from streaming.chats import continue_answer, leaf_of, remove_message, retry_answer, send_prompt
from streaming.errors import ConflictError
from streaming.models import Conversation, Message, Run
from streaming.runs.history import history_of
from tests.support.rows import a_chat, a_person, log, run_of, types

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture
def alice():
    return a_person("alice")


def removed(message: Message) -> bool:
    return Message.objects.get(pk=message.pk).removed_at is not None


def test_take_back_removes_a_waiting_prompt_its_answer_and_all_behind_it(alice):
    first = a_chat(alice)
    Run.objects.filter(pk=first.run.pk).update(state=Run.State.RUNNING)
    conversation = first.run.conversation
    second, third = (send_prompt(conversation, author=alice, text=text) for text in ("two", "three"))
    remove_message(second.message, by=alice)
    assert [run_of(sent).state for sent in (second, third)] == [Run.State.CANCELLED] * 2
    assert all(removed(message) for sent in (second, third) for message in (sent.message, sent.answer))
    assert run_of(first).state == Run.State.RUNNING
    assert leaf_of(conversation, alice) == first.answer
    assert types(first.run.stream_id)[-3:] == ["cancelled", "cancelled", "message_removed"]
    assert log(first.run.stream_id)[-1].data.id == second.message.pk


def test_take_back_of_the_last_in_line_keeps_the_others(alice):
    first = a_chat(alice)
    second, third = (send_prompt(first.run.conversation, author=alice, text=text) for text in ("two", "three"))
    remove_message(third.message, by=alice)
    assert [run_of(sent).state for sent in (first, second)] == [Run.State.QUEUED] * 2
    assert leaf_of(first.run.conversation, alice) == second.answer
    fourth = send_prompt(first.run.conversation, author=alice, text="four")
    assert (fourth.message.parent, fourth.run.after) == (second.answer, second.run)


def test_take_back_of_the_very_first_prompt_leaves_an_empty_chat(alice):
    sent = a_chat(alice)
    remove_message(sent.message, by=alice)
    assert leaf_of(sent.run.conversation, alice) is None
    assert send_prompt(sent.run.conversation, author=alice, text="anew").message.parent is None


@pytest.mark.parametrize("state", [Run.State.RUNNING, Run.State.WAITING, *Run.ENDED])
def test_take_back_comes_too_late_once_the_answer_has_begun(alice, state):
    sent = a_chat(alice)
    Run.objects.filter(pk=sent.run.pk).update(state=state)
    before = types(sent.run.stream_id)
    with pytest.raises(ConflictError, match="Stop the answer instead"):
        remove_message(sent.message, by=alice)
    assert not removed(sent.message)
    assert types(sent.run.stream_id) == before


def test_take_back_of_an_answer_is_refused(alice):
    sent = a_chat(alice)
    with pytest.raises(ConflictError):
        remove_message(sent.answer, by=alice)


def test_take_back_twice_is_once(alice):
    sent = a_chat(alice)
    remove_message(sent.message, by=alice)
    before = types(sent.run.stream_id)
    remove_message(sent.message, by=alice)
    assert types(sent.run.stream_id) == before


def test_taken_back_prompts_are_not_told_to_the_model(alice):
    first = a_chat(alice, "one")
    second = send_prompt(first.run.conversation, author=alice, text="two")
    remove_message(second.message, by=alice)
    third = send_prompt(Conversation.objects.get(), author=alice, text="three")
    messages, _ = history_of(third.run)
    assert [message.text for message in messages] == ["one\n\nthree"]


def test_answer_that_was_taken_back_is_neither_written_anew_nor_continued(alice):
    first = a_chat(alice)
    second = send_prompt(first.run.conversation, author=alice, text="two")
    remove_message(second.message, by=alice)
    before = types(first.run.stream_id)
    for act in (retry_answer, continue_answer):
        with pytest.raises(ConflictError, match="taken back"):
            act(run_of(second), by=alice)
    assert types(first.run.stream_id) == before
    assert leaf_of(first.run.conversation, alice) == first.answer


def test_take_back_goes_along_the_tree_whatever_the_ids_say(alice):
    first = a_chat(alice)
    second = send_prompt(first.run.conversation, author=alice, text="two")
    hasty = Message.objects.create(  # from a machine whose clock is behind
        id=f"00{second.message.pk[2:]}", conversation=first.run.conversation, parent=second.answer, role="user"
    )
    remove_message(second.message, by=alice)
    assert removed(hasty)
