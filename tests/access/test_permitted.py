"""Whose groups allow which model."""

import pytest
from django.contrib.auth.models import Group

from streaming.access.permitted import permit, permitted_models
from streaming.models import Person
from tests.support.rows import a_person

pytestmark = pytest.mark.django_db


def member(*groups: list[str], **fields: object) -> Person:
    """Somebody in one group for each list of references."""
    person = a_person(**fields)
    for number, references in enumerate(groups):
        group = Group.objects.create(name=f"{person.pk}-{number}")
        permit(group, references)
        person.groups.add(group)
    return person


@pytest.mark.parametrize(
    ("groups", "reference", "allowed"),
    [
        ([], "a/x", True),
        ([[]], "a/x", True),
        ([["a/x"]], "a/x", True),
        ([["a/x"]], "a/y", False),
        ([["a"]], "a/y", True),
        ([["a"]], "ab/y", False),
        ([["a"]], "b/y", False),
        ([["a/x"], ["b"]], "b/y", True),
        ([["a/x"], ["b"]], "a/y", False),
        ([["a/x"], []], "c/z", True),
        ([["a/models/x"]], "a/models/x", True),
    ],
)
def test_the_groups_together_allow(groups: list[list[str]], reference: str, allowed: bool):
    assert permitted_models(member(*groups)).allow(reference) is allowed


def test_staff_are_not_limited():
    assert permitted_models(member(["a/x"], is_staff=True)).allow("b/y")


def test_taking_all_choices_back_allows_everything():
    person = member(["a/x"])
    permit(person.groups.get(), [])
    assert permitted_models(person).allow("b/y")
