"""An administrator takes the second factors from somebody who has lost them."""

import logging

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.core.cache import cache
from django.test import Client

from streaming.models import Person
from tests.support.outbox import mailed
from tests.support.rows import a_person
from tests.support.site_settings import set_environment
from tests.web.conftest import client_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("outbox")]
PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def with_mail(settings) -> None:
    cache.clear()
    set_environment(settings, CHATSITE_MAIL_URL="smtp://127.0.0.1:9")


@pytest.fixture
def carol(db) -> Person:
    """Somebody with an app, recovery codes and a passkey."""
    return with_factors(Person.objects.create_user("carol", "carol@example.org", PASSWORD))


def with_factors(person: Person) -> Person:
    TOTP.activate(person, generate_totp_secret())
    RecoveryCodes.activate(person)
    Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data={"name": "Laptop"})
    return person


def reset(client: Client, person: Person):
    return client.post(f"/people/{person.pk}/factors/reset/", follow=True)


def test_the_password_alone_signs_in_again(as_staff: Client, carol: Person, caplog: pytest.LogCaptureFixture):
    page = as_staff.get(f"/people/{carol.pk}/").content.decode()
    assert "password, app, 1 passkey, 10 recovery codes" in page
    theirs, stranger = client_of(carol), client_of(None)
    assert theirs.get("/").status_code == 200
    with caplog.at_level(logging.INFO, "streaming.web.people"):
        html = reset(as_staff, carol).content.decode()
    assert "The second factors of carol were removed." in html
    assert "Reset second factors" not in html
    assert not Authenticator.objects.exists()
    assert theirs.get("/").status_code == 302
    assert stranger.post("/accounts/login/", {"login": "carol", "password": PASSWORD})["Location"] == "/"
    [line] = caplog.records
    assert (line.change, line.person) == ("reset_second_factors", carol.pk)
    assert line.by == Person.objects.get(username="staff").pk


def test_the_person_is_told(as_staff: Client, carol: Person):
    reset(as_staff, carol)
    told = mailed("Your second factors were removed")
    assert told.to == ["carol@example.org"]
    assert told.body.startswith("staff, an administrator, removed the authenticator app, the passkeys and the recovery")
    assert "Sign in with your password, and set up what you want anew: http://testserver/settings/security/" in (
        told.body
    )


def test_somebody_without_an_address_is_reset_too(as_staff: Client):
    eve = with_factors(a_person("eve"))
    assert reset(as_staff, eve).status_code == 200
    assert not Authenticator.objects.exists()
    assert mail.outbox == []


def test_who_may_not_touch_an_account_resets_nothing(as_alice: Client, as_staff: Client, staff: Person, carol: Person):
    with_factors(staff)
    as_helper = client_of(a_person("helper", is_staff=True))
    assert reset(as_alice, carol).status_code == 403
    assert reset(as_helper, staff).status_code == 409
    assert reset(as_staff, staff).status_code == 409
    assert as_staff.get(f"/people/{carol.pk}/factors/reset/").status_code == 405
    assert Authenticator.objects.count() == 6
