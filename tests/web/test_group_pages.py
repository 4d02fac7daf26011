"""Groups, and the models their members may use."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from streaming.access.permitted import references_of
from streaming.models import Connection, Person
from tests.support.rows import connected

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lab(db) -> Connection:
    return connected("http://127.0.0.1:9/v1", models=("small", "large"))


@pytest.fixture
def interns(alice: Person) -> Group:
    group = Group.objects.create(name="Interns")
    alice.groups.add(group)
    return group


def save(client: Client, group: Group, *references: str, name: str = "Interns"):
    models = "these" if references else "every"
    form = {"name": name, "models": models, "reference": references}
    return client.post(f"/people/groups/{group.pk}/change/", form)


def test_a_group_is_made_renamed_and_deleted(as_staff: Client):
    there = as_staff.post("/people/groups/", {"name": "Interns"})["Location"]
    again = as_staff.post("/people/groups/", {"name": "Interns"})
    assert again.status_code == 422
    assert "There is a group of this name already." in again.content.decode()
    group = Group.objects.get()
    assert there == f"/people/groups/{group.pk}/"
    save(as_staff, group, name="Trainees")
    assert Group.objects.get().name == "Trainees"
    as_staff.post(f"/people/groups/{group.pk}/delete/")
    assert not Group.objects.exists()


def test_members_are_offered_what_the_group_allows(as_staff: Client, as_alice: Client, interns: Group, lab: Connection):
    assert "large" in as_alice.get("/").content.decode()
    save(as_staff, interns, f"{lab.pk}/small", "made/up")
    assert references_of(interns) == [f"{lab.pk}/small"]
    html = as_alice.get("/").content.decode()
    assert ">small<" in html
    assert ">Demo<" in html
    assert "large" not in html
    assert "large" in as_staff.get("/").content.decode()


@pytest.mark.parametrize("path", ["/prompts/", "conversation"])
def test_a_prompt_to_a_model_of_others_is_refused(
    as_staff: Client, as_alice: Client, interns: Group, lab: Connection, path: str
):
    json = {"Accept": "application/json"}
    began = as_alice.post("/prompts/", {"text": "hello", "model": f"{lab.pk}/large"}, headers=json).json()
    save(as_staff, interns, f"{lab.pk}/small")
    where = f"{began['location']}prompts/" if path == "conversation" else path
    answer = as_alice.post(where, {"text": "more", "model": f"{lab.pk}/large"}, headers=json)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert "not available" in answer.json()["message"]


def test_what_is_not_connected_at_present_stays_chosen(as_staff: Client, interns: Group, lab: Connection):
    reference = lab.pk
    save(as_staff, interns, reference)
    lab.delete()
    page = as_staff.get(f"/people/groups/{interns.pk}/").content.decode()
    assert "Not connected at present" in page
    save(as_staff, interns, reference)
    assert references_of(interns) == [reference]


def test_a_bad_name_saves_nothing(as_staff: Client, interns: Group, lab: Connection):
    answer = save(as_staff, interns, lab.pk, name="")
    assert answer.status_code == 422
    assert f'value="{lab.pk}" checked' in answer.content.decode()
    assert references_of(interns) == []


@pytest.mark.parametrize("form", [{"models": "these"}, {"models": "these", "reference": "made/up"}, {}])
def test_choosing_nothing_is_refused_and_opens_nothing(as_staff: Client, interns: Group, lab: Connection, form):
    save(as_staff, interns, f"{lab.pk}/small")
    answer = as_staff.post(f"/people/groups/{interns.pk}/change/", {"name": "Renamed", **form})
    html = answer.content.decode()
    assert (answer.status_code, "Nothing is chosen" in html) == (422, True)
    assert 'value="these" checked' in html
    interns.refresh_from_db()
    assert (references_of(interns), interns.name) == ([f"{lab.pk}/small"], "Interns")


def test_every_model_is_said_and_not_inferred(as_staff: Client, interns: Group, lab: Connection):
    assert 'value="every" checked' in as_staff.get(f"/people/groups/{interns.pk}/").content.decode()
    save(as_staff, interns, lab.pk)
    assert 'value="these" checked' in as_staff.get(f"/people/groups/{interns.pk}/").content.decode()
    form = {"name": "Interns", "models": "every", "reference": lab.pk}
    as_staff.post(f"/people/groups/{interns.pk}/change/", form)
    assert references_of(interns) == []
