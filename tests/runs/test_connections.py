"""Where models come from: the environment, administrators, the demo; keys sealed at rest, lists asked over HTTP."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import connection as database
from pydantic import SecretStr

from streaming.errors import InvalidInputError
from streaming.llm import close_session
from streaming.models import Connection, Run
from streaming.runs import connections
from streaming.runs.catalog import available_models, default_model, model_name
from streaming.runs.connections import (
    address_of,
    provider_at,
    provider_for,
    refresh_catalog,
    refresh_catalogs,
    sync_environment,
)
from tests.support.failing import Failing
from tests.support.model_server import ModelServer
from tests.support.rows import a_chat, a_person, answer_of, connected
from tests.support.scripted_api import document, served
from tests.support.scripts import Delta, Script

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
KEY = "sk-never-to-be-found-3f9a7c"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def environment(settings) -> SimpleNamespace:
    """What the environment says, to be changed by the test: nothing."""
    names = ("openai_base_url", "anthropic_base_url", "ollama_host")
    seconds = {f"model_{name}_seconds": 5.0 for name in ("connect", "first_token", "between_tokens", "whole")}
    settings.ENVIRONMENT = SimpleNamespace(
        openai_api_key=None, anthropic_api_key=None, **dict.fromkeys(names, ""), **seconds
    )
    return settings.ENVIRONMENT


def refresh(connection: Connection | None = None) -> None:
    async def main() -> None:
        try:
            await (refresh_catalog(connection) if connection else refresh_catalogs())
        finally:
            await close_session()

    asyncio.run(main())


# From the environment


def test_environment_makes_the_connections_it_names(environment):
    environment.openai_api_key = SecretStr(KEY)
    environment.anthropic_api_key = SecretStr("other")
    environment.ollama_host = "http://127.0.0.1:11434"
    sync_environment()
    found = {row.pk: (row.kind, row.name, row.base_url, row.from_environment) for row in Connection.objects.all()}
    assert found == {
        "openai": ("openai", "OpenAI", "", True),
        "anthropic": ("anthropic", "Anthropic", "", True),
        "ollama": ("ollama", "Ollama", "http://127.0.0.1:11434", True),
    }


def test_environment_that_says_nothing_makes_nothing(environment):
    sync_environment()
    assert not Connection.objects.exists()


def test_environment_takes_away_what_it_names_no_more_and_nothing_else(environment):
    own = connected("http://127.0.0.1:9/v1")
    environment.openai_api_key = SecretStr(KEY)
    sync_environment()
    environment.openai_api_key = None
    sync_environment()
    assert list(Connection.objects.all()) == [own]


def test_environment_read_again_keeps_what_was_found_and_what_was_switched_off(environment):
    environment.openai_base_url = "http://127.0.0.1:9/v1"
    sync_environment()
    Connection.objects.update(catalog=[{"id": "m"}], enabled=False)
    environment.openai_base_url = "http://127.0.0.1:10/v1"
    sync_environment()
    row = Connection.objects.get()
    assert (row.name, row.base_url, row.catalog, row.enabled) == (
        "OpenAI-compatible",
        "http://127.0.0.1:10/v1",
        [{"id": "m"}],
        False,
    )


def test_key_of_the_environment_is_read_there_and_never_stored(environment):
    environment.openai_api_key = SecretStr(KEY)
    sync_environment()
    row = Connection.objects.get()
    assert row.api_key == ""
    assert address_of(row).api_key == KEY
    assert KEY not in repr(address_of(row))


# Sealed at rest


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True, databases=["default", "reader"])
def test_key_is_not_in_the_database_file():
    row = connected("http://127.0.0.1:9/v1", key=KEY)
    connected("http://127.0.0.1:9/v1/plain")
    assert Connection.objects.get(pk=row.pk).api_key == KEY
    path = Path(str(database.settings_dict["NAME"]))
    held = b"".join(file.read_bytes() for file in path.parent.glob(path.name + "*"))
    assert b"http://127.0.0.1:9/v1/plain" in held, "the bytes are those of this database"
    assert KEY.encode() not in held
    with database.cursor() as cursor:
        cursor.execute("SELECT api_key FROM streaming_connection WHERE id = %s", [row.pk])
        stored = cursor.fetchone()[0]
    assert stored
    assert KEY not in stored


# Asked over HTTP


@pytest.mark.parametrize("kind", ["openai", "anthropic", "ollama"])
@pytest.mark.django_db(transaction=True, databases=["default", "reader"])
def test_refresh_lists_the_models_over_http(server, kind):
    row = connected(server.openai_url if kind == "openai" else server.url, kind=kind, models=(), key=KEY)
    refresh(row)
    row.refresh_from_db()
    assert [entry["id"] for entry in row.catalog] == ["scripted", "scripted-two"]
    assert row.problem == ""
    assert row.checked_at is not None


@pytest.mark.django_db(transaction=True, databases=["default", "reader"])
def test_refresh_that_fails_says_why_and_keeps_the_former_list():
    row = connected("http://127.0.0.1:9/v1", models=["former"], key=KEY)
    refresh(row)
    row.refresh_from_db()
    assert [entry["id"] for entry in row.catalog] == ["former"]
    assert row.problem.endswith(".")
    assert KEY not in row.problem


@pytest.mark.django_db(transaction=True, databases=["default", "reader"])
def test_refresh_leaves_out_what_no_run_can_hold():
    row = connected("http://127.0.0.1:9/v1", models=())
    longest = "m" * (200 - len(f"{row.pk}/"))
    listed = [{"id": each} for each in ("good", longest, longest + "m", "a\x00b")] + [{"id": "b", "name": "B\x00"}]

    async def look() -> None:
        async with served() as api:
            api.answers.append(document({"data": listed}))
            row.base_url = api.url
            await refresh_catalog(row)

    asyncio.run(look())
    row.refresh_from_db()
    assert [entry["id"] for entry in row.catalog] == ["good", longest]


@pytest.mark.django_db(transaction=True, databases=["default", "reader"])
def test_refresh_of_all_leaves_none_out_because_another_fails(server):
    connected("gopher://nowhere", models=())
    connected("http://127.0.0.1:9/v1", models=())
    connected("http://my..host/v1", models=())
    good = connected(server.openai_url, models=())
    off = connected(server.openai_url, models=())
    Connection.objects.filter(pk=off.pk).update(enabled=False)
    refresh()
    good.refresh_from_db()
    off.refresh_from_db()
    assert len(good.catalog) == 2
    assert off.checked_at is None
    assert Connection.objects.exclude(problem="").count() == 3


@pytest.mark.django_db(transaction=True, databases=["default", "reader"])
def test_refresh_of_all_goes_on_after_an_error_nobody_expected(server, monkeypatch, caplog):
    broken = connected(server.openai_url, models=())
    good = connected(server.openai_url, models=())
    Failing(monkeypatch, connections, "address_of", RuntimeError("broken"), times=1)
    refresh()
    good.refresh_from_db()
    assert len(good.catalog) == 2
    assert f"The models of the connection {broken.pk} could not be listed." in caplog.messages


# For a run


def test_provider_of_the_demo_needs_no_connection():
    provider, model, streams = provider_for("demo/demo")
    assert (provider.name, model, streams) == ("demo", "demo", True)


def test_provider_is_made_once_for_an_address_and_anew_for_another():
    row = connected("http://127.0.0.1:9/v1", key="one")
    first = provider_for(f"{row.pk}/scripted")[0]
    assert provider_for(f"{row.pk}/scripted")[0] is first
    Connection.objects.filter(pk=row.pk).update(api_key="two")
    assert provider_for(f"{row.pk}/scripted")[0] is not first
    assert provider_at(address_of(row)) is first


def test_provider_knows_models_that_cannot_stream_and_ids_with_slashes():
    row = connected("http://127.0.0.1:9/v1", models=())
    Connection.objects.update(catalog=[{"id": "org/model:7b", "streams": False}])
    _, model, streams = provider_for(f"{row.pk}/org/model:7b")
    assert (model, streams) == ("org/model:7b", False)
    assert provider_for(f"{row.pk}/unlisted")[1:] == ("unlisted", True)


@pytest.mark.parametrize("reference", ["", "/", "nothing/model", "demo-not/demo"])
def test_provider_of_nothing_is_refused_in_words(reference):
    with pytest.raises(InvalidInputError, match="Choose another one"):
        provider_for(reference)


def test_provider_of_a_disabled_connection_or_of_no_model_is_refused():
    row = connected("http://127.0.0.1:9/v1")
    with pytest.raises(InvalidInputError):
        provider_for(f"{row.pk}/")
    Connection.objects.update(enabled=False)
    with pytest.raises(InvalidInputError):
        provider_for(f"{row.pk}/scripted")


# For the picker


def test_picker_shows_every_model_of_every_enabled_connection_and_the_demo_last():
    connected("http://127.0.0.1:9/v1", models=["b", "a"])
    off = connected("http://127.0.0.1:9/v1", models=["hidden"])
    Connection.objects.filter(pk=off.pk).update(enabled=False)
    choices = available_models(a_person())
    assert [model_name(choice.reference) for choice in choices] == ["b", "a", "demo"]
    assert available_models(a_person(is_active=False)) == []


def test_default_model_is_the_chosen_one_while_it_is_there():
    alice = a_person("alice")
    assert default_model(alice) == "demo/demo"
    row = connected("http://127.0.0.1:9/v1", models=["a", "b"])
    assert default_model(alice) == f"{row.pk}/a"
    alice.default_model = f"{row.pk}/b"
    assert default_model(alice) == f"{row.pk}/b"
    alice.default_model = "gone/gone"
    assert default_model(alice) == f"{row.pk}/a"
    assert default_model(a_person(is_active=False)) == "demo/demo"


@pytest.mark.django_db(transaction=True, databases=["default", "reader"])
def test_model_that_cannot_stream_answers_all_the_same(lab):
    lab.answer("Hello", Script([Delta("whole")], streams=False))
    lab.start()
    sent = a_chat(lab.alice, model=lab.model)
    assert lab.ended(sent).state == Run.State.COMPLETE
    assert answer_of(sent).text == "whole"
