"""Groups that carry rights, and people of rank, are out of reach of staff who have not all rights themselves."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from streaming.access.invitations import invite
from streaming.errors import ConflictError
from streaming.models import Invitation, Person
from tests.support.rows import a_person
from tests.support.site_settings import set_environment
from tests.web.conftest import client_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def helper(db) -> Person:
    return a_person("helper", is_staff=True)


@pytest.fixture
def as_helper(helper: Person) -> Client:
    return client_of(helper)


@pytest.fixture
def interns(db) -> Group:
    return Group.objects.create(name="Interns")


@pytest.fixture
def keepers(db) -> Group:
    """A group whose members may make superusers."""
    group = Group.objects.create(name="Keepers")
    group.permissions.set(Permission.objects.filter(codename__endswith="_person"))
    return group


def put(client: Client, person: Person, *groups: Group) -> int:
    return client.post(f"/people/{person.pk}/groups/", {"group": [group.pk for group in groups]}).status_code


def test_nobody_puts_themselves_or_administrators_into_groups(
    as_helper: Client, helper: Person, staff: Person, interns: Group
):
    root = a_person("root", is_superuser=True)
    assert [put(as_helper, person, interns) for person in (helper, staff, root)] == [409, 409, 409]
    assert not interns.user_set.exists()
    page = as_helper.get(f"/people/{helper.pk}/").content.decode()
    assert "<fieldset" in page
    assert "Save groups" not in page


def test_staff_fill_groups_but_not_those_that_carry_rights(
    as_helper: Client, as_staff: Client, bob: Person, interns: Group, keepers: Group
):
    refused = as_helper.post(f"/people/{bob.pk}/groups/", {"group": [interns.pk, keepers.pk]})
    assert (refused.status_code, "Keepers carries rights" in refused.content.decode()) == (409, True)
    assert not bob.groups.exists()
    assert "Carries rights" in as_helper.get(f"/people/{bob.pk}/").content.decode()
    assert put(as_staff, bob, keepers) == 302
    assert put(as_helper, bob, interns) == 302  # a box that is disabled is not sent
    assert set(bob.groups.all()) == {interns, keepers}
    assert put(as_staff, bob) == 302
    assert not bob.groups.exists()


def test_nobody_is_invited_into_rights(as_helper: Client, helper: Person, staff: Person, keepers: Group, settings):
    set_environment(settings, CHATSITE_SIGN_UP="invitation")
    assert "Keepers" not in as_helper.get("/people/invitations/").content.decode()
    answer = as_helper.post("/people/invitations/", {"email": "c@example.org", "group": keepers.pk})
    assert (answer.status_code, "Keepers carries rights" in answer.content.decode()) == (422, True)
    with pytest.raises(ConflictError):
        invite("c@example.org", by=helper, groups=[keepers])
    assert not Invitation.objects.exists()
    assert list(invite("c@example.org", by=staff, groups=[keepers])[0].groups.all()) == [keepers]


def test_a_group_that_carries_rights_is_left_alone(as_helper: Client, as_staff: Client, keepers: Group):
    there = f"/people/groups/{keepers.pk}"
    page = as_helper.get(f"{there}/").content.decode()
    assert "Only an administrator with all rights changes it." in page
    assert ">Save<" not in page
    form = {"name": "Renamed", "models": "every"}
    assert [as_helper.post(f"{there}/{action}/", form).status_code for action in ("change", "delete")] == [409, 409]
    assert Group.objects.get() == keepers
    assert Group.objects.get().name == "Keepers"
    assert as_staff.post(f"{there}/change/", form).status_code == 302
    assert Group.objects.get().name == "Renamed"
