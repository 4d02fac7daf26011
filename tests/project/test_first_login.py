import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from threading import Barrier
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client
from django.utils import timezone

from streaming.access import first_login
from streaming.access.first_login import (
    VALID_FOR,
    administrator_to_welcome,
    find_by_token,
    first_login_token,
    spend_token,
)
from streaming.models import Person
from tests.support.signing_in import PASSWORD


@pytest.fixture
def person(transactional_db: None) -> Person:
    found = administrator_to_welcome()
    assert found is not None
    return found


def _address(person: Person) -> str:
    return f"/accounts/first/{first_login_token(person)}/"


def test_first_login_makes_one_administrator(person: Person) -> None:
    assert (person.username, person.is_superuser, person.has_usable_password()) == ("admin", True, False)
    assert administrator_to_welcome() == person
    assert Person.objects.count() == 1


def test_first_login_is_not_offered_once_an_administrator_has_a_password(person: Person) -> None:
    person.set_password(PASSWORD)
    person.save()
    assert administrator_to_welcome() is None


def test_first_login_makes_no_administrator_beside_other_people(transactional_db: None) -> None:
    Person.objects.create(username="bob")
    assert administrator_to_welcome() is None
    assert Person.objects.count() == 1


def test_first_login_page_spends_nothing_by_being_looked_at(person: Person) -> None:
    address = _address(person)
    for _ in range(2):
        page = Client().get(address)
        assert page.status_code == 200
        assert "no-store" in page["Cache-Control"]
        assert "sessionid" not in page.cookies
    assert Client().head(address).status_code == 200


def test_first_login_signs_in_once_and_sets_the_password(person: Person) -> None:
    address, client = _address(person), Client()
    answer = client.post(address, {"password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(person.pk)
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    again = Client()
    assert again.post(address, {"password": PASSWORD}).status_code == 410
    assert again.get(address).status_code == 410
    assert "_auth_user_id" not in again.session


def test_first_login_works_without_a_password_and_is_not_offered_again(person: Person) -> None:
    client = Client()
    assert client.post(_address(person), {"password": ""}).status_code == 302
    assert client.session["_auth_user_id"] == str(person.pk)
    assert administrator_to_welcome() is None


def test_first_login_passes_no_second_factor_and_no_provider_by(person: Person) -> None:
    TOTP.activate(person, "JBSWY3DPEHPK3PXP")
    assert administrator_to_welcome() is None
    Authenticator.objects.all().delete()
    assert administrator_to_welcome() == person
    SocialAccount.objects.create(user=person, provider="oidc", uid="1")
    assert administrator_to_welcome() is None


def test_first_login_command_makes_a_link_for_who_has_lost_everything(person: Person) -> None:
    Person.objects.update(last_login=timezone.now())
    said = printed("first_login")
    assert "signs in as admin" in said
    assert "without a second factor" in said
    client = Client()
    address = urlsplit(re.search(r"http\S+", said)[0]).path
    assert client.post(address, {"password": ""}).status_code == 302
    assert client.session["_auth_user_id"] == str(person.pk)


def test_first_login_command_asks_who_is_meant(person: Person) -> None:
    Person.objects.create(username="bob")
    Person.objects.create(username="root", is_superuser=True)
    for name in ([], ["bob"]):
        with pytest.raises(CommandError, match="There are: admin, root"):
            printed("first_login", *name)
    assert "signs in as root" in printed("first_login", "root")


def printed(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def test_first_login_refuses_a_weak_password_and_keeps_the_link(person: Person) -> None:
    address, client = _address(person), Client()
    refused = client.post(address, {"password": "12345678"})
    assert refused.status_code == 422
    assert "too short" in refused.content.decode()
    assert client.post(address, {"password": PASSWORD}).status_code == 302


def test_first_login_link_needs_the_cross_site_token(person: Person) -> None:
    assert Client(enforce_csrf_checks=True).post(_address(person), {"password": ""}).status_code == 403


def test_first_login_link_expires(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    token, now = first_login_token(person), first_login.tokens._now()
    monkeypatch.setattr(first_login.tokens, "_now", lambda: now + VALID_FOR - timedelta(minutes=1))
    assert find_by_token(token) == person
    monkeypatch.setattr(first_login.tokens, "_now", lambda: now + VALID_FOR + timedelta(minutes=1))
    assert find_by_token(token) is None


@pytest.mark.parametrize("token", ["", ".", "1", "1.x-y", "zzzzzzzzzzzzz.a-b", "1.a-b-c", "\x00.\x00"])
def test_first_login_link_cannot_be_made_up(person: Person, token: str) -> None:
    assert find_by_token(token) is None


def test_first_login_link_is_not_good_for_somebody_else(person: Person) -> None:
    other = Person.objects.create(username="root", is_superuser=True)
    _, _, proof = first_login_token(person).partition(".")
    owner, _, _ = first_login_token(other).partition(".")
    assert find_by_token(f"{owner}.{proof}") is None


def test_first_login_link_has_one_winner(person: Person) -> None:
    token, start = first_login_token(person), Barrier(6)

    def spend() -> Person | None:
        start.wait()
        try:
            return spend_token(token)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        winners = [each for each in pool.map(lambda _: spend(), range(6)) if each]
    assert winners == [person]
