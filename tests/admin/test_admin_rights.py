"""What staff may do at the administration pages: with every permission, but without all rights, nobody rises."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from streaming.models import Person
from tests.support.rows import a_person
from tests.web.conftest import client_of

pytestmark = pytest.mark.django_db
GIVEN = {"is_staff": "on", "is_superuser": "on", "email": "new@example.org", "theme": "dark", "pace": "word"}
JOINED = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}


@pytest.fixture
def helper(db) -> Person:
    person = a_person("helper", is_staff=True)
    person.user_permissions.set(Permission.objects.all())
    return person


@pytest.fixture
def keepers(db) -> Group:
    group = Group.objects.create(name="Keepers")
    group.permissions.set(Permission.objects.filter(codename="change_person"))
    return group


def change(client: Client, person: Person, group: Group) -> int:
    permission = Permission.objects.get(codename="delete_person").pk
    form = {"username": person.username, "groups": group.pk, "user_permissions": permission, **GIVEN, **JOINED}
    return client.post(f"/admin/streaming/person/{person.pk}/change/", form).status_code


def test_staff_change_an_account_and_none_of_its_rights(helper: Person, keepers: Group):
    bob = a_person("bob")
    assert change(client_of(helper), bob, keepers) == 302
    bob.refresh_from_db()
    assert (bob.email, bob.is_staff, bob.is_superuser) == ("new@example.org", False, False)
    assert not bob.groups.exists()
    assert not bob.user_permissions.exists()


def test_those_with_all_rights_give_them(keepers: Group):
    root, bob = a_person("root", is_staff=True, is_superuser=True), a_person("bob")
    assert change(client_of(root), bob, keepers) == 302
    bob.refresh_from_db()
    assert (bob.is_staff, bob.is_superuser, bob.groups.count(), bob.user_permissions.count()) == (True, True, 1, 1)


def test_staff_touch_no_administrator_and_not_themselves(helper: Person, keepers: Group):
    root = a_person("root", is_staff=True, is_superuser=True, email="root@example.org")
    client = client_of(helper)
    for person in (root, helper):
        assert change(client, person, keepers) == 403
        path = f"/admin/streaming/person/{person.pk}"
        form = {"password1": "a brand new sentence", "password2": "a brand new sentence", "usable_password": "true"}
        assert client.post(f"{path}/password/", form).status_code == 403
        assert client.post(f"{path}/delete/", {"post": "yes"}).status_code == 403
    root.refresh_from_db()
    assert root.email == "root@example.org"


def test_staff_give_groups_no_rights_and_leave_those_that_have_some(helper: Person, keepers: Group):
    client = client_of(helper)
    form = {"name": "Interns", "permissions": Permission.objects.get(codename="delete_person").pk}
    assert client.post("/admin/auth/group/add/", form).status_code == 302
    assert not Group.objects.get(name="Interns").permissions.exists()
    assert client.post(f"/admin/auth/group/{keepers.pk}/change/", form).status_code == 403
    assert client.post(f"/admin/auth/group/{keepers.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"/admin/auth/group/{keepers.pk}/change/").status_code == 200
