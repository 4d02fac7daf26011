"""The administration pages open, and show neither keys nor words."""

import pytest
from django.test import Client

from streaming.models import Connection, Engine, Person
from tests.support.rows import a_chat, a_person, connected

pytestmark = pytest.mark.django_db
SECRET = "sk-very-secret"
LISTS = ("person", "connection", "conversation", "run", "engine")


@pytest.fixture
def admin_pages() -> Client:
    client = Client()
    client.force_login(
        a_person("root", is_staff=True, is_superuser=True), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


@pytest.mark.parametrize("name", LISTS)
def test_lists_and_rows_open_and_quote_nobody(admin_pages: Client, name: str):
    sent = a_chat(text="My private question")
    rows = {
        "person": sent.run.owner_id,
        "connection": connected("http://127.0.0.1:9/v1", key=SECRET).pk,
        "conversation": sent.message.conversation_id,
        "run": sent.run.pk,
        "engine": Engine.objects.create(label="here", capacity=1, expires_at=0).pk,
    }
    for path in (f"/admin/streaming/{name}/", f"/admin/streaming/{name}/{rows[name]}/change/"):
        page = admin_pages.get(path)
        assert page.status_code == 200
        assert "My private question" not in page.content.decode()
        assert SECRET not in page.content.decode()


@pytest.mark.parametrize(("given", "kept"), [("", SECRET), ("sk-new", "sk-new")])
def test_a_key_goes_in_and_never_comes_out(admin_pages: Client, given: str, kept: str):
    there = connected("http://127.0.0.1:9/v1", key=SECRET)
    path = f"/admin/streaming/connection/{there.pk}/change/"
    form = {"name": "Lab", "kind": "openai", "base_url": "http://127.0.0.1:9/v2", "api_key": given, "enabled": "on"}
    assert admin_pages.post(path, form).status_code == 302
    there.refresh_from_db()
    assert (there.name, there.api_key) == ("Lab", kept)
    assert kept not in admin_pages.get(path).content.decode()


@pytest.mark.parametrize("change", [{"base_url": "http://evil.localhost:9/v1"}, {"kind": "anthropic"}])
def test_a_key_does_not_go_to_another_host(admin_pages: Client, change: dict[str, str]):
    there = connected("http://127.0.0.1:9/v1", key=SECRET)
    form = {"name": "Lab", "kind": "openai", "base_url": "http://127.0.0.1:9/v1", "api_key": "", "enabled": "on"}
    page = admin_pages.post(f"/admin/streaming/connection/{there.pk}/change/", form | change)
    assert "Enter the key again" in page.content.decode()
    there.refresh_from_db()
    assert (there.kind, there.base_url, there.api_key) == ("openai", "http://127.0.0.1:9/v1", SECRET)


def test_the_admin_has_no_door_of_its_own(db):
    Person.objects.create_superuser("root", password="never guessed")
    answer = Client().post("/admin/login/", {"username": "root", "password": "never guessed"})
    assert answer["Location"].startswith("/accounts/login/")
    assert "sessionid" not in answer.cookies


def test_whoever_may_only_look_sees_no_key(admin_pages: Client):
    there = connected("http://127.0.0.1:9/v1", key=SECRET)
    Connection.objects.update(from_environment=True)
    page = admin_pages.get(f"/admin/streaming/connection/{there.pk}/change/").content.decode()
    assert SECRET not in page
    assert 'name="base_url"' not in page


@pytest.mark.parametrize("name", ["conversation", "run", "engine"])
def test_what_the_product_writes_is_only_looked_at(admin_pages: Client, name: str):
    assert admin_pages.get(f"/admin/streaming/{name}/add/").status_code == 403


def test_people_without_the_right_are_kept_out(db):
    client = Client()
    client.force_login(Person.objects.create_user("bob"), backend="django.contrib.auth.backends.ModelBackend")
    for name in LISTS:
        assert client.get(f"/admin/streaming/{name}/").status_code == 302
