"""Signing in and out in our look, errors in our words, guessing held back."""

import pytest
from django.test import Client

from streaming.models import Person
from tests.support.signing_in import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["carol", "carol@example.org"])
def test_signing_in_leads_back(client: Client, carol: Person, name: str):
    form = {"login": name, "password": PASSWORD, "next": "/settings/", "remember": "on"}
    assert client.post("/accounts/login/", form)["Location"] == "/settings/"
    assert "Signed in" not in client.get("/settings/").content.decode()


def test_a_foreign_address_is_not_led_to(client: Client, carol: Person):
    form = {"login": "carol", "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/accounts/login/", form)["Location"] == "/"


@pytest.mark.parametrize("form", [{"login": "carol", "password": "wrong"}, {"login": "nobody", "password": "wrong"}])
def test_a_wrong_sign_in_says_the_same_for_known_and_unknown(client: Client, carol: Person, form: dict[str, str]):
    html = client.post("/accounts/login/", form).content.decode()
    assert "Name and password do not match." in html
    assert f'value="{form["login"]}"' in html
    assert "wrong" not in html


def test_guessing_is_held_back(client: Client, carol: Person):
    for _ in range(5):
        client.post("/accounts/login/", {"login": "carol", "password": "wrong"})
    html = client.post("/accounts/login/", {"login": "carol", "password": PASSWORD}).content.decode()
    assert "Too many attempts. Wait five minutes, then try again." in html


def test_too_many_sign_ins_from_one_address_get_a_page(client: Client, carol: Person):
    answers = [client.post("/accounts/login/", {"login": f"n{n}", "password": "x"}) for n in range(31)]
    assert answers[-1].status_code == 429
    assert "Too many attempts" in answers[-1].content.decode()


def test_sign_up_is_offered_only_where_it_is_open(client: Client):
    assert "Sign up" not in client.get("/accounts/login/").content.decode()
    assert "Sign-up is closed" in client.get("/accounts/signup/").content.decode()


def test_signing_out(as_alice: Client):
    assert "Sign out?" in as_alice.get("/accounts/logout/").content.decode()
    as_alice.post("/accounts/logout/")
    assert as_alice.get("/").status_code == 302


def test_the_password_is_changed(client: Client, carol: Person):
    client.force_login(carol, backend="django.contrib.auth.backends.ModelBackend")
    form = {"oldpassword": "not it", "password1": "short", "password2": "other"}
    html = client.post("/accounts/password/change/", form).content.decode()
    assert "This is not your current password." in html
    assert "at least 10 characters" in html
    new = "a brand new sentence"
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    carol.refresh_from_db()
    assert carol.check_password(new)
