"""What a claimed run needs to begin is read in few statements, from the branch above its answer."""

import pytest

from streaming.chats import send_prompt
from streaming.models import Message, Run
from streaming.runs.prepare import prepare_run
from tests.support.rows import a_chat, a_person, connected

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture
def asked():
    """A second prompt in a chat, by somebody whom groups may limit."""
    model = f"{connected('http://127.0.0.1:9/v1').pk}/scripted"
    first = a_chat(a_person(), "one", model=model)
    Run.objects.update(state=Run.State.COMPLETE)
    Message.objects.filter(pk=first.answer.pk).update(parts=[["thinking", "hm"], ["text", "first"]])
    return send_prompt(first.message.conversation, author=first.run.owner, text="two", model=model)


def test_the_history_is_the_branch_above_the_answer(asked):
    prepared = prepare_run(asked.run.pk)
    assert [(each.role, each.text) for each in prepared.context.messages] == [
        ("user", "one"),
        ("assistant", "first"),
        ("user", "two"),
    ]
    assert (prepared.start.agent, prepared.start.model, prepared.start.provider) == ("chat", "scripted", "openai")
    assert prepared.start.message_id == asked.answer.pk


def test_a_run_is_prepared_in_five_statements(asked, django_assert_num_queries):
    with django_assert_num_queries(5):
        prepare_run(asked.run.pk)


def test_a_run_of_staff_is_prepared_without_a_look_at_groups(asked, django_assert_num_queries):
    owner = asked.run.owner
    owner.is_staff = True
    owner.save()
    with django_assert_num_queries(4):
        prepare_run(asked.run.pk)
