"""Who sees what: the owner, a stranger, staff, an account that was switched off, nobody."""

import pytest
from django.contrib.auth.models import AnonymousUser

from streaming.access import conversations_visible_to, messages_visible_to, runs_visible_to
from streaming.chats import delete_conversation, remove_message, send_prompt
from tests.support.rows import a_chat, a_person, a_run

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture
def alice():
    return a_person("alice")


@pytest.fixture
def sent(alice):
    a_chat(a_person("bob"))
    return a_chat(alice)


def seen_by(person) -> tuple[list[str], list[str], list[str]]:
    querysets = conversations_visible_to(person), messages_visible_to(person), runs_visible_to(person)
    return tuple(sorted(queryset.values_list("pk", flat=True)) for queryset in querysets)


def test_owner_sees_what_is_hers_and_only_that(alice, sent):
    assert seen_by(alice) == ([sent.run.conversation_id], sorted([sent.message.pk, sent.answer.pk]), [sent.run.pk])


@pytest.mark.parametrize(
    "fields",
    [{}, {"is_staff": True}, {"is_superuser": True, "is_staff": True}],
    ids=["stranger", "staff", "administrator"],
)
def test_nobody_else_sees_anything(sent, fields):
    assert seen_by(a_person("carol", **fields)) == ([], [], [])


def test_anonymous_visitor_sees_nothing(sent):
    assert seen_by(AnonymousUser()) == ([], [], [])


def test_owner_whose_account_was_switched_off_sees_nothing(alice, sent):
    alice.is_active = False
    assert seen_by(alice) == ([], [], [])


def test_deleted_conversation_is_gone_for_its_owner_too(alice, sent):
    delete_conversation(sent.run.conversation, by=alice)
    assert seen_by(alice) == ([], [], [])


def test_message_that_was_taken_back_is_gone_and_the_rest_is_not(alice, sent):
    second = send_prompt(sent.run.conversation, author=alice, text="two")
    remove_message(second.message, by=alice)
    assert seen_by(alice)[1] == sorted([sent.message.pk, sent.answer.pk])


def test_run_without_a_conversation_is_nobodys_to_see(alice):
    a_run(alice)
    assert seen_by(alice) == ([], [], [])
