"""A run asks the model only if its owner may still use it."""

import pytest
from django.contrib.auth.models import Group

from streaming.access.permitted import permit
from streaming.models import Person
from streaming.runs.prepare import UnableAgent, prepare_run
from tests.support.rows import a_chat, a_person, connected

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


def prepared_error(run_id: str) -> str:
    agent = prepare_run(run_id).agent
    return agent._error.message if isinstance(agent, UnableAgent) else ""


def test_a_model_that_was_taken_away_meanwhile_is_not_asked():
    person = a_person()
    lab = connected("http://127.0.0.1:9/v1", models=("small", "large"))
    sent = a_chat(person, model=f"{lab.pk}/large")
    assert prepared_error(sent.run.pk) == ""
    group = Group.objects.create(name="Interns")
    permit(group, [f"{lab.pk}/small"])
    person.groups.add(group)
    assert prepared_error(sent.run.pk) == "This model is no longer open to you. Choose another one and try again."


def test_the_demo_is_open_to_everybody():
    person = a_person()
    group = Group.objects.create(name="Interns")
    permit(group, ["other"])
    person.groups.add(group)
    assert prepared_error(a_chat(person, model="demo/demo").run.pk) == ""


def test_nothing_is_asked_for_a_deactivated_person():
    sent = a_chat(a_person(), model="demo/demo")
    Person.objects.update(is_active=False)
    assert "deactivated" in prepared_error(sent.run.pk)
