"""Signing in through a real provider on this machine: who gets which account, and a page for whatever fails."""

import html as entities
import re
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.test import Client
from pydantic import SecretStr

from streaming.models import Person
from tests.support.identity_provider import CLIENT, SECRET, IdentityProvider

pytestmark = pytest.mark.django_db
DANA = {"email": "dana@example.org", "email_verified": True, "preferred_username": "dana", "given_name": "Dana"}
EVE = {"email": "dana@example.org", "email_verified": False, "preferred_username": "eve"}
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def running_provider() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()
    yield provider
    provider.close()


@pytest.fixture
def provider(running_provider: IdentityProvider, settings) -> IdentityProvider:
    running_provider.people = {"d-1": dict(DANA), "e-1": dict(EVE)}
    running_provider.in_token.clear()
    running_provider.faults.clear()
    running_provider.refusals.clear()
    given = {
        "oidc_issuer": running_provider.issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SecretStr(SECRET),
        "oidc_name": "Example ID",
    }
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update=given)
    cache.clear()
    return running_provider


@pytest.fixture
def open_sign_up(settings) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"sign_up": "open"})


def leave(client: Client, **form: str) -> str:
    """Press the button; where it leads."""
    page = client.post("/accounts/oidc/login/", form).content.decode()
    found = re.search(r'url=(http[^"]+)"', page)
    assert found, page
    return entities.unescape(found[1])


def come_back(client: Client, address: str, sub: str) -> object:
    """Choose a person at the provider, and follow it back to us."""
    with urllib.request.urlopen(address) as answer:
        page = answer.read().decode()
    choice = re.search(rf'href="([^"]+)">{sub}<', page)
    assert choice, page
    opener = urllib.request.build_opener(StayHere())
    back = opener.open(f"http://{urlsplit(address).netloc}{entities.unescape(choice[1])}").headers["Location"]
    parts = urlsplit(back)
    return client.get(f"{parts.path}?{parts.query}")


class StayHere(urllib.request.HTTPRedirectHandler):
    def http_error_302(self, _request, answer, *_):
        return answer


def sign_in(client: Client, sub: str, **form: str) -> object:
    return come_back(client, leave(client, **form), sub)


def test_nothing_is_offered_where_nothing_is_configured(client: Client):
    assert "Sign in with" not in client.get("/accounts/login/").content.decode().replace("Sign in with a passkey", "")
    assert client.post("/accounts/oidc/login/").status_code == 404
    assert client.get("/accounts/oidc/login/callback/").status_code == 404


def test_the_button_leads_there_with_pkce(client: Client, provider: IdentityProvider):
    assert "Sign in with Example ID" in client.get("/accounts/login/").content.decode()
    address = leave(client)
    assert address.startswith(f"{provider.issuer}/authorize?")
    for part in ("code_challenge_method=S256", "code_challenge=", "state=", "nonce=", "response_type=code"):
        assert part in address
    assert client.get("/accounts/oidc/login/")["Location"] == "/accounts/login/"


def test_an_unknown_person_gets_an_account_where_sign_up_is_open(
    client: Client, provider: IdentityProvider, open_sign_up: None
):
    assert sign_in(client, "d-1", next="/settings/")["Location"] == "/settings/"
    dana = Person.objects.get()
    assert (dana.username, dana.email, dana.first_name, dana.has_usable_password()) == (
        "dana",
        "dana@example.org",
        "Dana",
        False,
    )
    assert EmailAddress.objects.get().verified
    client.post("/accounts/logout/")
    assert sign_in(client, "d-1")["Location"] == "/"
    assert Person.objects.count() == 1
    assert provider.refusals == []


def test_an_unknown_person_is_told_so_where_sign_up_is_closed(client: Client, provider: IdentityProvider):
    answer = sign_in(client, "d-1")
    assert answer.status_code == 403
    assert "You have no account here" in answer.content.decode()
    assert not Person.objects.exists()


def test_an_unverified_address_is_not_taken(client: Client, provider: IdentityProvider, open_sign_up: None):
    sign_in(client, "e-1")
    assert Person.objects.get().email == ""
    assert not EmailAddress.objects.exists()


@pytest.mark.parametrize(
    ("in_token", "taken"),
    [
        ({"email": "victim@example.org"}, "dana@example.org"),
        ({"email": "victim@example.org", "email_verified": False}, ""),
        ({"email_verified": True}, "dana@example.org"),
        ({"email": "other@example.org", "email_verified": True}, "other@example.org"),
    ],
)
def test_an_address_is_vouched_for_by_the_document_that_names_it(
    client: Client, provider: IdentityProvider, open_sign_up: None, in_token: dict[str, object], taken: str
):
    provider.in_token.update(in_token)
    sign_in(client, "d-1")
    assert Person.objects.get().email == taken


def test_a_name_that_is_an_address_is_not_taken(client: Client, provider: IdentityProvider, open_sign_up: None):
    provider.people["d-1"]["preferred_username"] = "victim@example.org"
    sign_in(client, "d-1")
    assert "@" not in Person.objects.get().username


def test_an_address_that_both_sides_verified_links(client: Client, provider: IdentityProvider):
    dana = Person.objects.create_user("d", "dana@example.org", PASSWORD)
    EmailAddress.objects.create(user=dana, email="dana@example.org", verified=True, primary=True)
    assert sign_in(client, "d-1")["Location"] == "/"
    assert SocialAccount.objects.get().user == dana
    dana.refresh_from_db()
    assert dana.check_password(PASSWORD)


@pytest.mark.parametrize("sub", ["d-1", "e-1"])
def test_an_address_that_only_one_side_verified_opens_no_account(
    client: Client, provider: IdentityProvider, open_sign_up: None, sub: str
):
    """Neither may the provider's liar take ours, nor may ours wait for the owner of the address."""
    dana = Person.objects.create_user("d", "dana@example.org", PASSWORD)
    EmailAddress.objects.create(user=dana, email="dana@example.org", verified=sub == "e-1", primary=True)
    answer = sign_in(client, sub)
    if sub == "d-1":
        assert "Your account is not linked yet" in answer.content.decode()
    assert not SocialAccount.objects.filter(user=dana).exists()
    dana.refresh_from_db()
    assert dana.check_password(PASSWORD)


def test_a_person_links_and_unlinks_by_hand(client: Client, provider: IdentityProvider):
    erin = Person.objects.create_user("erin", "erin@example.org", PASSWORD)
    client.post("/accounts/login/", {"login": "erin", "password": PASSWORD})
    assert "Not linked" in client.get("/settings/security/").content.decode()
    answer = sign_in(client, "d-1", process="connect")
    assert answer["Location"] == "/accounts/reauthenticate/"
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD})["Location"] == "/settings/security/"
    account = SocialAccount.objects.get()
    assert account.user == erin
    assert "Linked." in client.get("/settings/security/").content.decode()
    refused = client.post("/accounts/3rdparty/", {"account": account.pk}).content.decode()
    assert "Confirm your email address first" in refused
    EmailAddress.objects.create(user=erin, email=erin.email, verified=True, primary=True)
    assert client.post("/accounts/3rdparty/", {"account": account.pk})["Location"] == "/settings/security/"
    assert not SocialAccount.objects.exists()


def test_the_last_way_in_is_not_unlinked(client: Client, provider: IdentityProvider, open_sign_up: None):
    sign_in(client, "d-1")
    page = client.post("/accounts/3rdparty/", {"account": SocialAccount.objects.get().pk}).content.decode()
    assert "Set a password first" in page
    assert SocialAccount.objects.exists()


def test_a_second_factor_is_asked_for_here_too(client: Client, provider: IdentityProvider, open_sign_up: None):
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    sign_in(client, "d-1")
    client.post("/accounts/logout/")
    TOTP.activate(Person.objects.get(), generate_totp_secret())
    assert sign_in(client, "d-1")["Location"] == "/accounts/2fa/authenticate/"


@pytest.mark.parametrize("fault", ["signature", "issuer", "audience", "azp", "expired", "nonce", "subject"])
def test_an_answer_that_cannot_be_proven_signs_nobody_in(
    client: Client, provider: IdentityProvider, open_sign_up: None, fault: str
):
    provider.faults.add(fault)
    answer = sign_in(client, "d-1")
    assert answer.status_code == 401
    assert "What Example ID said could not be confirmed." in answer.content.decode()
    assert not Person.objects.exists()


def test_a_provider_that_is_away_says_so_before_and_after(client: Client, provider: IdentityProvider):
    address = leave(client)
    provider.faults.add("away")
    for answer in (
        client.post("/accounts/oidc/login/"),
        client.get("/accounts/oidc/login/callback/", {"code": "x", "state": address.partition("state=")[2][:16]}),
    ):
        assert answer.status_code == 401
        assert "Example ID does not answer" in answer.content.decode()


def test_another_issuer_behind_the_address_is_not_believed(client: Client, provider: IdentityProvider, settings):
    there = f"{provider.issuer}/".replace("127.0.0.1", "localhost").rstrip("/")
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"oidc_issuer": there})
    assert "could not be confirmed" in client.post("/accounts/oidc/login/").content.decode()


def test_denied_and_made_up_answers_get_their_pages(client: Client, provider: IdentityProvider):
    state = re.search(r"state=(\w+)", leave(client))[1]
    denied = client.get("/accounts/oidc/login/callback/", {"error": "access_denied", "state": state}, follow=True)
    assert "You stopped, or Example ID did not let you through." in denied.content.decode()
    made_up = client.get("/accounts/oidc/login/callback/", {"code": "x", "state": "y"})
    assert made_up.status_code == 401
    assert "could not be confirmed" in made_up.content.decode()


def test_a_code_that_the_provider_did_not_give_signs_nobody_in(client: Client, provider: IdentityProvider):
    state = re.search(r"state=(\w+)", leave(client))[1]
    answer = client.get("/accounts/oidc/login/callback/", {"code": "stolen", "state": state})
    assert answer.status_code == 401
    assert provider.refusals == ["token"]
