"""Connecting models: for administrators, with a real look at the API, and a key that never comes out again."""

from collections.abc import Iterator

import pytest
from django.test import Client

from streaming.models import Connection
from streaming.web.connection_forms import ConnectionForm
from tests.support.model_server import ModelServer
from tests.support.rows import connected

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "sk-very-secret"


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def new(models: ModelServer, **changes: str) -> dict[str, str]:
    return {"kind": "openai", "base_url": models.openai_url, "api_key": SECRET, "name": "Lab", **changes}


def test_setup_is_for_administrators(as_alice: Client, as_staff: Client, as_nobody: Client, models: ModelServer):
    there = connected(models.openai_url)
    assert [client.get("/setup/").status_code for client in (as_staff, as_alice, as_nobody)] == [200, 403, 302]
    paths = ["/setup/test/", "/setup/connections/"]
    paths += [f"/setup/connections/{there.pk}/{action}/" for action in ("change", "remove", "refresh")]
    assert [as_alice.post(path, new(models)).status_code for path in paths] == [403] * 5
    assert [as_nobody.post(path, new(models)).status_code for path in paths] == [302] * 5
    assert [as_staff.get(path).status_code for path in paths] == [405] * 5
    assert Connection.objects.get() == there


def test_a_connection_is_added_and_its_models_are_listed(as_staff: Client, models: ModelServer):
    page = as_staff.post("/setup/connections/", new(models), follow=True)
    html = page.content.decode()
    assert "Lab is connected: " in html
    assert SECRET not in html
    lab = Connection.objects.get(name="Lab")
    assert lab.api_key == SECRET
    assert "scripted" in [entry["id"] for entry in lab.catalog]
    assert "scripted" in as_staff.get("/").content.decode()


def test_a_test_says_what_it_found_and_keeps_nothing(as_staff: Client, models: ModelServer):
    html = as_staff.post("/setup/test/", new(models)).content.decode()
    assert "It answers and offers" in html
    assert "scripted" in html
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base_url": "http://127.0.0.1:9/v1"}, "Nothing answers"),
        ({"base_url": "not an address"}, "looks like https://host/v1"),
        ({"base_url": "file:///etc/passwd"}, "looks like https://host/v1"),
        ({"api_key": "schlüssel"}, "characters that no API key has"),
        ({"kind": "anthropic", "api_key": ""}, "Anthropic needs a key"),
        ({"kind": "demo"}, "not one of the available choices"),
    ],
    ids=["nobody there", "no address", "a file", "no key", "key missing", "kind"],
)
def test_a_test_says_what_is_wrong(as_staff: Client, models: ModelServer, changes: dict[str, str], said: str):
    answer = as_staff.post("/setup/test/", new(models, **changes))
    assert answer.status_code == 200
    assert said in answer.content.decode()


@pytest.mark.parametrize("address", ["http://[", "http://my..host/v1", "http://.local/v1", f"http://{'a' * 64}.lan/v1"])
def test_a_host_that_cannot_be_is_refused_and_not_kept(as_staff: Client, models: ModelServer, address: str):
    given = new(models, base_url=address, name="")
    page = as_staff.post("/setup/connections/", given)
    assert (page.status_code, "looks like https://host/v1" in page.content.decode()) == (422, True)
    assert "looks like https://host/v1" in as_staff.post("/setup/test/", given).content.decode()
    assert not Connection.objects.exists()


def test_a_connection_that_does_not_answer_is_kept_and_says_so(as_staff: Client, models: ModelServer):
    page = as_staff.post("/setup/connections/", new(models, base_url="http://127.0.0.1:9/v1"), follow=True)
    assert "Lab is kept, but did not answer." in page.content.decode()
    assert Connection.objects.get().problem


def test_a_host_name_without_a_dot_is_an_address(models: ModelServer):
    form = ConnectionForm(new(models, base_url="http://model-server:8000/v1"))
    assert form.is_valid(), form.errors
    assert form.save().base_url == "http://model-server:8000/v1"


@pytest.mark.parametrize(
    ("address", "name"),
    [("http://model-server:8000/v1", "model-server:8000"), ("https://api.openai.com/v1", "OpenAI or compatible")],
)
def test_a_connection_without_a_name_is_called_by_its_host(models: ModelServer, address: str, name: str):
    form = ConnectionForm(new(models, base_url=address, name=""))
    assert form.is_valid(), form.errors
    assert form.save().name == name


def test_an_invalid_form_is_shown_again_without_the_key(as_staff: Client, models: ModelServer):
    page = as_staff.post("/setup/connections/", new(models, base_url="nonsense"))
    assert page.status_code == 422
    assert 'value="nonsense"' in page.content.decode()
    assert SECRET not in page.content.decode()
    assert not Connection.objects.exists()


@pytest.mark.parametrize(("given", "kept"), [("", SECRET), ("sk-new", "sk-new")], ids=["empty", "replaced"])
def test_a_key_is_replaced_and_never_shown(as_staff: Client, models: ModelServer, given: str, kept: str):
    there = connected(models.openai_url, key=SECRET)
    form = {"name": "Renamed", "base_url": models.openai_url, "api_key": given, "enabled": "on"}
    html = as_staff.post(f"/setup/connections/{there.pk}/change/", form, follow=True).content.decode()
    there.refresh_from_db()
    assert (there.name, there.api_key, there.enabled) == ("Renamed", kept, True)
    assert kept not in html


def test_a_key_does_not_go_to_another_host(as_staff: Client, models: ModelServer):
    there = connected("http://127.0.0.1:9/v1", key=SECRET)
    form = {"name": "Lab", "base_url": models.openai_url, "api_key": "", "enabled": "on"}
    html = as_staff.post(f"/setup/connections/{there.pk}/change/", form, follow=True).content.decode()
    assert "Enter the key again" in html
    assert not models.exchanges
    there.refresh_from_db()
    assert (there.base_url, there.api_key) == ("http://127.0.0.1:9/v1", SECRET)


def test_a_connection_is_turned_off(as_staff: Client, models: ModelServer):
    there = connected(models.openai_url)
    as_staff.post(f"/setup/connections/{there.pk}/change/", {"name": "Lab", "base_url": models.openai_url})
    there.refresh_from_db()
    assert not there.enabled
    assert "scripted" not in as_staff.get("/").content.decode()


def test_a_bad_change_changes_nothing(as_staff: Client, models: ModelServer):
    there = connected(models.openai_url)
    page = as_staff.post(f"/setup/connections/{there.pk}/change/", {"name": "", "base_url": "nonsense"}, follow=True)
    assert "looks like https://host/v1" in page.content.decode()
    there.refresh_from_db()
    assert (there.name, there.base_url) == ("Scripted", models.openai_url)


def test_a_connection_is_removed(as_staff: Client, models: ModelServer):
    there = connected(models.openai_url)
    assert (
        "Scripted was removed." in as_staff.post(f"/setup/connections/{there.pk}/remove/", follow=True).content.decode()
    )
    assert not Connection.objects.exists()


def test_what_the_environment_connects_is_changed_there(as_staff: Client, models: ModelServer):
    there = connected(models.openai_url)
    Connection.objects.update(from_environment=True)
    html = as_staff.get("/setup/").content.decode()
    assert "From the environment" in html
    assert f"edit-{there.pk}" not in html
    for action in ("change", "remove"):
        assert as_staff.post(f"/setup/connections/{there.pk}/{action}/", {"name": "x"}).status_code == 404
    assert as_staff.post(f"/setup/connections/{there.pk}/refresh/").status_code == 302
