"""Accounts that administrators make: a link, shown once, where the owner chooses the password."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from streaming.models import Person
from tests.support.rows import a_person
from tests.web.conftest import client_of

pytestmark = pytest.mark.django_db(transaction=True)
FORM = {"username": "dora", "email": "dora@example.org"}
PASSWORD = "correct horse battery staple"


@pytest.fixture
def add(as_staff: Client) -> Callable[..., str]:
    return lambda **fields: as_staff.post("/people/add/", FORM | fields).content.decode()


def link_in(html: str) -> str:
    [path] = re.findall(r'<code id="link">https?://[^/]+(/\S+)</code>', html)
    return path


def choose_password(link: str) -> bool:
    """Whether the link was still good for it."""
    client = client_of(None)
    page = client.get(link)
    if page.status_code != 302:
        return False
    client.post(page["Location"], {"password1": PASSWORD, "password2": PASSWORD})
    return True


def test_an_account_is_for_administrators_to_add(as_alice: Client, as_nobody: Client):
    asked = [client.get("/people/add/").status_code for client in (as_alice, as_nobody)]
    sent = [client.post("/people/add/", FORM).status_code for client in (as_alice, as_nobody)]
    assert (asked, sent) == ([403, 302], [403, 302])
    assert not Person.objects.filter(username="dora").exists()


def test_the_link_chooses_a_password_once(as_staff: Client, add: Callable[..., str]):
    assert "/people/add/" in as_staff.get("/people/").content.decode()
    group = Group.objects.create(name="Interns")
    link = link_in(add(group=[group.pk]))
    dora = Person.objects.get(username="dora")
    assert (dora.email, list(dora.groups.all()), dora.is_staff) == ("dora@example.org", [group], False)
    assert not dora.has_usable_password()
    assert choose_password(link)
    assert not choose_password(link)
    signed_in = client_of(None).post("/accounts/login/", {"login": "dora", "password": PASSWORD})
    assert signed_in["Location"] == "/"


def test_staff_without_all_rights_fill_no_group_that_carries_rights(as_staff: Client, add: Callable[..., str]):
    Person.objects.filter(is_staff=True).update(is_superuser=False)
    group = Group.objects.create(name="Keepers")
    group.permissions.add(Permission.objects.first())
    assert f'value="{group.pk}"' not in as_staff.get("/people/add/").content.decode()
    assert "Keepers carries rights of administrators." in add(group=[group.pk])
    assert not Person.objects.filter(username="dora").exists()


def test_a_name_is_no_address(add: Callable[..., str]):
    assert "A name has no @ in it" in add(username="somebody@example.org")


def test_a_refused_form_keeps_what_was_typed_and_ticked(as_staff: Client):
    a_person("zoe", email="zoe@example.org")
    group = Group.objects.create(name="Interns")
    given = {"username": "zoe", "email": "ZOE@example.org", "group": group.pk}
    answer = as_staff.post("/people/add/", given)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Somebody has this name already. Choose another one." in html
    assert "Another account has this address." in html
    assert 'value="ZOE@example.org"' in html
    assert f'name="group" value="{group.pk}" checked' in html
    assert Person.objects.filter(username="zoe").count() == 1
