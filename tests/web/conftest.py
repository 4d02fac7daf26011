"""Alice owns, Bob is a stranger, Staff administers, somebody is not signed in. And a chat whose answer is under way."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from django.core.cache import cache
from django.test import Client

from streaming.models import Person
from tests.support.in_process_server import in_process_server
from tests.support.live_chat import LiveChat
from tests.support.outbox import outbox  # noqa: F401 - a fixture
from tests.support.rows import a_person
from tests.support.signing_in import PASSWORD


def client_of(person: Person | None, **options: object) -> Client:
    client = Client(**options)
    if person is not None:
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    """Nobody has guessed at a password yet."""
    cache.clear()


@pytest.fixture
def carol(db) -> Person:
    """Signs in by herself."""
    return Person.objects.create_user("carol", "carol@example.org", PASSWORD)


@pytest.fixture
def alice(db) -> Person:
    return a_person("alice")


@pytest.fixture
def bob(db) -> Person:
    return a_person("bob")


@pytest.fixture
def staff(db) -> Person:
    return a_person("staff", is_staff=True, is_superuser=True)


@pytest.fixture
def as_alice(alice: Person) -> Client:
    return client_of(alice)


@pytest.fixture
def as_bob(bob: Person) -> Client:
    return client_of(bob)


@pytest.fixture
def as_staff(staff: Person) -> Client:
    return client_of(staff)


@pytest.fixture
def as_nobody(db) -> Client:
    return client_of(None)


@pytest.fixture
def url() -> str:
    return in_process_server()


@pytest.fixture
def chat(transactional_db) -> LiveChat:
    return LiveChat()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
