"""Rename, delete, choose a branch."""

import pytest

from streaming.chats import choose_path, delete_conversation, leaf_of, rename_conversation, retry_answer, send_prompt
from streaming.errors import InvalidInputError
from streaming.models import Conversation, Run
from tests.support.rows import a_chat, a_person, log, run_of, types

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture
def alice():
    return a_person("alice")


def complete(run: Run) -> Run:
    Run.objects.filter(pk=run.pk).update(state=Run.State.COMPLETE)
    return run


# Rename


@pytest.mark.parametrize(
    ("given", "kept"),
    [("Title", "Title"), ("  two \n lines\t", "two lines"), ("a\x00b", "a\ufffdb"), ("x" * 200, "x" * 200)],
)
def test_rename_keeps_one_clean_line_and_tells(alice, given, kept):
    sent = a_chat(alice)
    assert rename_conversation(sent.run.conversation, title=given) == kept
    assert Conversation.objects.get().title == kept
    assert log(sent.run.stream_id)[-1].data.title == kept


@pytest.mark.parametrize("title", ["", "   ", "\n", "x" * 201])
def test_rename_refuses_no_title_and_a_long_one(alice, title):
    sent = a_chat(alice, "Before")
    before = types(sent.run.stream_id)
    with pytest.raises(InvalidInputError):
        rename_conversation(sent.run.conversation, title=title)
    assert Conversation.objects.get().title == "Before"
    assert types(sent.run.stream_id) == before


def test_rename_of_a_deleted_conversation_is_refused(alice):
    sent = a_chat(alice)
    delete_conversation(sent.run.conversation, by=alice)
    with pytest.raises(InvalidInputError, match="deleted"):
        rename_conversation(sent.run.conversation, title="Late")


# Delete


def test_delete_ends_queued_runs_and_asks_the_others_to_stop(alice):
    first = a_chat(alice)
    Run.objects.filter(pk=first.run.pk).update(state=Run.State.RUNNING)
    second = send_prompt(first.run.conversation, author=alice, text="two")
    delete_conversation(first.run.conversation, by=alice)
    assert (run_of(first).state, run_of(first).stop_requested_by) == (Run.State.RUNNING, "alice")
    assert run_of(second).state == Run.State.CANCELLED
    assert Conversation.objects.get().deleted_at is not None
    assert types(first.run.stream_id)[-2:] == ["cancelled", "conversation"]
    assert log(first.run.stream_id)[-1].data.deleted is True


def test_delete_is_whole_or_not_at_all(alice, monkeypatch):
    """A failure at the second of two runs takes back the first one's end, and the deletion."""
    first = a_chat(alice)
    second = send_prompt(first.run.conversation, author=alice, text="two")
    before = types(first.run.stream_id)
    from streaming.chats import organising

    real = organising.stop_run

    def stop(run: Run, **given: object) -> bool:
        if run.pk == second.run.pk:
            raise RuntimeError
        return real(run, **given)

    monkeypatch.setattr(organising, "stop_run", stop)
    with pytest.raises(RuntimeError):
        delete_conversation(first.run.conversation, by=alice)
    assert types(first.run.stream_id) == before
    assert Conversation.objects.get().deleted_at is None
    assert [run_of(sent).state for sent in (first, second)] == [Run.State.QUEUED] * 2


def test_delete_twice_says_that_it_is_gone(alice):
    sent = a_chat(alice)
    delete_conversation(sent.run.conversation, by=alice)
    with pytest.raises(InvalidInputError, match="deleted"):
        delete_conversation(sent.run.conversation, by=alice)


# Paths


def test_path_leads_through_the_chosen_version_to_its_newest_end(alice):
    sent = a_chat(alice)
    again = retry_answer(complete(sent.run), by=alice)
    complete(again)
    following = send_prompt(sent.run.conversation, author=alice, text="on the second")
    assert following.message.parent == again.message
    assert choose_path(sent.run.conversation, person=alice, leaf=sent.answer.pk) == sent.answer
    assert leaf_of(sent.run.conversation, alice) == sent.answer
    assert choose_path(sent.run.conversation, person=alice, leaf=again.message_id) == following.answer
    assert log(sent.run.stream_id)[-1].data.leaf == following.answer.pk


def test_path_takes_the_newest_of_several_branches_below(alice):
    sent = a_chat(alice)
    again = retry_answer(complete(sent.run), by=alice)
    assert choose_path(sent.run.conversation, person=alice, leaf=sent.message.pk) == again.message


def test_path_is_each_persons_own(alice):
    bob = a_person("bob")
    sent = a_chat(alice)
    again = retry_answer(complete(sent.run), by=alice)
    choose_path(sent.run.conversation, person=bob, leaf=sent.answer.pk)
    assert leaf_of(sent.run.conversation, alice) == again.message
    assert leaf_of(sent.run.conversation, bob) == sent.answer


def test_path_to_nowhere_is_refused(alice):
    sent, other = a_chat(alice), a_chat(alice)
    for leaf in ("", "nothing", other.answer.pk):
        with pytest.raises(InvalidInputError, match="not there"):
            choose_path(sent.run.conversation, person=alice, leaf=leaf)
