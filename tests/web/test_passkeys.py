"""Passkeys without a browser: which host they belong to, and what becomes of made-up answers."""

import base64
import json

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from streaming.models import Person
from tests.support.signing_in import PASSWORD

pytestmark = pytest.mark.django_db


def encoded(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


CLIENT_DATA = encoded({"type": "webauthn.get", "challenge": "eA", "origin": "https://testserver"})
ANSWER = {
    "clientDataJSON": CLIENT_DATA,
    "authenticatorData": encoded("x" * 37),
    "signature": encoded("y"),
    "userHandle": encoded("1"),
}
MADE_UP = [
    "",
    "{",
    "[]",
    "[1]",
    "7",
    "{}",
    '{"id": "x"}',
    '{"id": "eA", "rawId": "eA", "type": 1}',
    '{"id": "eA", "rawId": "eA", "type": "public-key", "response": {}}',
    json.dumps({"id": "eA", "rawId": "eA", "type": "public-key", "response": ANSWER}),
    json.dumps({"id": "eA", "rawId": "eA", "type": "public-key", "response": {**ANSWER, "authenticatorData": "eA"}}),
    json.dumps({"id": "eA", "rawId": "eA", "type": "public-key", "response": {**ANSWER, "userHandle": "-"}}),
]


@pytest.fixture
def carol(db) -> Person:
    return Person.objects.create_user("carol", "carol@example.org", PASSWORD, pk=1)


@pytest.fixture
def adding(client: Client, carol: Person) -> Client:
    """Carol before the page that adds one."""
    client.post("/accounts/login/", {"login": "carol", "password": PASSWORD})
    client.post(client.get("/accounts/2fa/webauthn/add/")["Location"], {"password": PASSWORD})
    assert client.get("/accounts/2fa/webauthn/add/").status_code == 200
    return client


def test_passkeys_belong_to_the_public_address_whatever_host_is_asked_for(adding: Client, settings):
    assert '"id": "testserver"' in adding.get("/accounts/2fa/webauthn/add/").content.decode()
    given = {"public_url": "https://chat.example.org:8443/"}
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update=given)
    assert '"id": "chat.example.org"' in adding.get("/accounts/2fa/webauthn/add/").content.decode()


@pytest.mark.parametrize("credential", MADE_UP)
def test_a_made_up_passkey_signs_nobody_in(client: Client, carol: Person, credential: str):
    client.get("/accounts/2fa/webauthn/login/", headers={"accept": "application/json"})
    answer = client.post("/accounts/2fa/webauthn/login/", {"credential": credential})
    assert answer["Location"] == "/accounts/login/"
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("credential", MADE_UP)
def test_a_made_up_passkey_is_not_added(adding: Client, credential: str):
    page = adding.post("/accounts/2fa/webauthn/add/", {"name": "x", "credential": credential})
    assert page.status_code == 200
    if credential.startswith('{"'):
        assert "That passkey was not accepted, and not added." in page.content.decode()
    assert not Authenticator.objects.exists()
