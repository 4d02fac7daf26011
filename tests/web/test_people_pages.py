"""The pages on people: for administrators only, and what they do to accounts."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from streaming.models import Person, Run
from tests.support.rows import a_chat, a_person, run_of
from tests.web.conftest import client_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_people_are_for_administrators(as_alice: Client, as_staff: Client, as_nobody: Client, bob: Person):
    group = Group.objects.create(name="Interns")
    pages = ["/people/", f"/people/{bob.pk}/", "/people/invitations/", "/people/groups/", f"/people/groups/{group.pk}/"]
    actions = [f"/people/{bob.pk}/{action}/" for action in ("groups", "deactivate", "reactivate", "administrator")]
    actions += [f"/people/groups/{group.pk}/change/", f"/people/groups/{group.pk}/delete/"]
    actions += ["/people/groups/", "/people/invitations/", "/people/invitations/x/revoke/"]
    assert [as_staff.get(path).status_code for path in pages] == [200] * len(pages)
    assert [as_alice.get(path).status_code for path in pages] == [403] * len(pages)
    assert [as_nobody.get(path).status_code for path in pages] == [302] * len(pages)
    assert [as_alice.post(path, {"email": "a@b.example"}).status_code for path in actions] == [403] * len(actions)
    assert [as_nobody.post(path).status_code for path in actions] == [302] * len(actions)
    bob.refresh_from_db()
    assert (bob.is_active, bob.is_staff, Group.objects.count()) == (True, False, 1)
    assert "/people/" in as_staff.get("/").content.decode()
    assert "/people/" not in as_alice.get("/").content.decode()


def test_people_are_found_by_name_and_address(as_staff: Client, alice: Person):
    a_person("zoe", email="someone@else.example")
    found = as_staff.get("/people/?q=ELSE.example").content.decode()
    assert "zoe" in found
    assert "alice" not in found
    assert "Nobody has “nothing”" in as_staff.get("/people/?q=nothing").content.decode()


def test_the_list_costs_the_same_for_many(as_staff: Client, django_assert_max_num_queries):
    group = Group.objects.create(name="Interns")
    for n in range(60):
        a_person(f"p{n:02}").groups.add(group)
    with django_assert_max_num_queries(12):
        first = as_staff.get("/people/").content.decode()
    assert "Page 1 of 2" in first
    assert "staff" in as_staff.get("/people/?page=2").content.decode()


def test_a_person_is_put_into_groups(as_staff: Client, bob: Person):
    one, two = (Group.objects.create(name=name) for name in ("One", "Two"))
    bob.groups.add(one)
    as_staff.post(f"/people/{bob.pk}/groups/", {"group": [two.pk, "nonsense", 10**6, 10**30]})
    assert list(bob.groups.all()) == [two]


def test_deactivating_ends_sessions_and_answers(as_staff: Client, bob: Person):
    theirs = client_of(bob)
    sent = a_chat(bob)
    html = as_staff.post(f"/people/{bob.pk}/deactivate/", follow=True).content.decode()
    assert "was deactivated" in html
    assert run_of(sent).state == Run.State.CANCELLED
    page = theirs.get("/")
    assert (page.status_code, page["X-Refused"]) == (403, "deactivated")
    assert "Your account was deactivated" in page.content.decode()
    told = theirs.post("/prompts/", {"text": "more"}, headers={"Accept": "application/json"})
    assert (told.status_code, told.json()["code"]) == (403, "deactivated")


def test_reactivating_lets_in_and_revives_no_session(as_staff: Client, bob: Person):
    theirs = client_of(bob)
    as_staff.post(f"/people/{bob.pk}/deactivate/")
    as_staff.post(f"/people/{bob.pk}/reactivate/")
    bob.refresh_from_db()
    assert bob.is_active
    assert theirs.get("/").status_code == 302
    assert client_of(bob).get("/").status_code == 200


def test_the_rights_of_an_administrator_are_given_and_taken(as_staff: Client, bob: Person):
    for made in (True, False):
        as_staff.post(f"/people/{bob.pk}/administrator/", {"administrator": "yes" if made else "no"})
        bob.refresh_from_db()
        assert (bob.is_staff, bob.is_superuser) == (made, made)


@pytest.mark.parametrize("action", ["deactivate", "reactivate", "administrator"])
def test_nobody_changes_their_own_rights(as_staff: Client, staff: Person, action: str):
    answer = as_staff.post(f"/people/{staff.pk}/{action}/")
    assert answer.status_code == 409
    assert "This is you." in answer.content.decode()
    staff.refresh_from_db()
    assert (staff.is_active, staff.is_staff) == (True, True)


def test_staff_without_all_rights_cannot_touch_administrators_or_make_them(staff: Person, bob: Person):
    as_helper = client_of(a_person("helper", is_staff=True))
    assert as_helper.post(f"/people/{staff.pk}/deactivate/").status_code == 409
    assert as_helper.post(f"/people/{bob.pk}/administrator/", {"administrator": "yes"}).status_code == 409
    assert as_helper.post(f"/people/{bob.pk}/deactivate/").status_code == 302
    staff.refresh_from_db()
    bob.refresh_from_db()
    assert (staff.is_active, bob.is_active, bob.is_staff) == (True, False, False)
