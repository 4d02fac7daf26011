"""Codes at sign-in: asked for, good once, held back when guessed, sealed in the database."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from streaming.models import Person
from tests.support.signing_in import PASSWORD
from tests.support.totp import code_at, secret_on

pytestmark = pytest.mark.django_db
NOT_ACCEPTED = "That was not accepted."


def sign_in(client: Client) -> str:
    """Where the password leads."""
    return client.post("/accounts/login/", {"login": "carol", "password": PASSWORD})["Location"]


def confirm(client: Client, address: str) -> None:
    """Open a page that wants the password again."""
    page = client.get(address)
    assert page["Location"].startswith("/accounts/reauthenticate/")
    client.post(page["Location"], {"password": PASSWORD})


def set_up_app(client: Client) -> str:
    """Sign in and turn codes on; the secret."""
    sign_in(client)
    confirm(client, "/accounts/2fa/totp/activate/")
    html = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = secret_on(html)
    wrong = client.post("/accounts/2fa/totp/activate/", {"code": code_at(secret, steps=9)}).content.decode()
    assert f"{NOT_ACCEPTED} Type the newest code of the app, and set the device&#x27;s clock right." in wrong
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code_at(secret)})
    assert answer["Location"] == "/accounts/2fa/recovery-codes/"
    return secret


@pytest.fixture
def secret(client: Client, carol: Person) -> str:
    secret = set_up_app(client)
    client.post("/accounts/logout/")
    return secret


def test_the_password_alone_no_longer_signs_in(client: Client, secret: str):
    assert sign_in(client) == "/accounts/2fa/authenticate/"
    assert client.get("/")["Location"] == "/accounts/login/?next=/"
    answer = client.post("/accounts/2fa/authenticate/", {"code": code_at(secret, steps=1)})
    assert answer["Location"] == "/"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_code_is_good_once(client: Client, secret: str, steps: int):
    code = code_at(secret, steps=steps)
    sign_in(client)
    assert client.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    client.post("/accounts/logout/")
    # What allauth itself remembers, and forgets after 30 s, while the code is good for 90.
    cache.delete(f"allauth.mfa.totp.used?user={Person.objects.get().pk}&code={code}")
    sign_in(client)
    assert NOT_ACCEPTED in client.post("/accounts/2fa/authenticate/", {"code": code}).content.decode()


@pytest.mark.parametrize("steps", [-3, 3])
def test_a_code_of_another_time_is_not_accepted(client: Client, secret: str, steps: int):
    sign_in(client)
    html = client.post("/accounts/2fa/authenticate/", {"code": code_at(secret, steps=steps)}).content.decode()
    assert f"{NOT_ACCEPTED} Type the newest code of your app, or an unused recovery code." in html


def test_a_recovery_code_is_good_once(client: Client, secret: str):
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    assert len(codes) == 10
    sign_in(client)
    assert client.post("/accounts/2fa/authenticate/", {"code": codes[0]}).status_code == 302
    assert "9 left" in client.get("/settings/security/").content.decode()
    client.post("/accounts/logout/")
    sign_in(client)
    assert NOT_ACCEPTED in client.post("/accounts/2fa/authenticate/", {"code": codes[0]}).content.decode()


def test_guessing_codes_is_held_back_also_over_several_sign_ins(client: Client, secret: str):
    for _ in range(5):
        sign_in(client)
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    sign_in(client)
    html = client.post("/accounts/2fa/authenticate/", {"code": code_at(secret, steps=1)}).content.decode()
    assert "Too many attempts. Wait five minutes, then try again." in html


def test_secrets_are_sealed(secret: str):
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    codes = Authenticator.objects.get(type="recovery_codes")
    assert len(codes.data["seed"]) > 100  # the seed has 80 characters; its seal is longer
    assert codes.wrap().get_unused_codes()[0] not in kept


@pytest.mark.parametrize(
    "address",
    [
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/2fa/totp/deactivate/",
        "/accounts/2fa/recovery-codes/generate/",
    ],
)
def test_changes_want_the_password_again(client: Client, carol: Person, secret: str, address: str):
    if "activate" in address and "deactivate" not in address:
        Authenticator.objects.all().delete()
    client.force_login(carol, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(address)["Location"].startswith("/accounts/reauthenticate/")
    assert client.post(address, {"code": "1"})["Location"].startswith("/accounts/reauthenticate/")


@pytest.mark.parametrize("address", ["/accounts/2fa/recovery-codes/", "/accounts/2fa/recovery-codes/download/"])
def test_reading_the_recovery_codes_wants_the_password_again(client: Client, carol: Person, secret: str, address: str):
    client.force_login(carol, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(address)["Location"].startswith("/accounts/reauthenticate/")


def test_a_wrong_password_confirms_nothing(client: Client, carol: Person):
    sign_in(client)
    where = client.get("/accounts/2fa/totp/activate/")["Location"]
    assert "This is not your password." in client.post(where, {"password": "wrong"}).content.decode()
    assert client.get("/accounts/2fa/totp/activate/").status_code == 302


def test_a_code_confirms_as_well(client: Client, carol: Person, secret: str):
    client.force_login(carol, backend="django.contrib.auth.backends.ModelBackend")
    where = "/accounts/2fa/reauthenticate/?next=/accounts/2fa/totp/deactivate/"
    answer = client.post(where, {"code": code_at(secret, steps=1)})
    assert answer["Location"] == "/accounts/2fa/totp/deactivate/"
    assert "Turn off the authenticator app?" in client.get(answer["Location"]).content.decode()


def test_turning_it_off_ends_the_questions_and_the_codes(client: Client, carol: Person):
    set_up_app(client)
    client.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()
    client.post("/accounts/logout/")
    assert sign_in(client) == "/"


def test_the_administration_asks_for_codes_too(client: Client, carol: Person, secret: str):
    Person.objects.update(is_staff=True, is_superuser=True)
    assert client.get("/admin/login/?next=/admin/")["Location"].startswith("/accounts/login/")
    client.post("/admin/login/", {"username": "carol", "password": PASSWORD})
    assert client.get("/admin/").status_code == 302


def test_somebody_without_the_right_is_told_so_by_the_administration(client: Client, carol: Person):
    sign_in(client)
    assert client.get("/admin/", follow=True).status_code == 403


def test_a_lost_key_makes_no_code_good(client: Client, secret: str, settings):
    settings.SECRET_KEY = "another key, as after a restore without the old one"
    sign_in(client)
    html = client.post("/accounts/2fa/authenticate/", {"code": code_at(secret, steps=1)}).content.decode()
    assert "Codes cannot be checked since the server&#x27;s secret key was changed." in html
