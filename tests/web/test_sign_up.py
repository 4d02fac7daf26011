"""Making an account, proving an address, getting a lost password back; and that no page tells who has an account."""

import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from streaming.models import Person
from tests.support.outbox import mailed
from tests.support.site_settings import set_environment
from tests.web.conftest import client_of

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "correct horse battery staple"
FORM = {"username": "dora", "email": "dora@example.org", "password1": PASSWORD}
SERVER = "smtp://127.0.0.1:9"


@pytest.fixture(autouse=True)
def open_site(settings, outbox: None) -> None:
    cache.clear()
    set_environment(settings, CHATSITE_SIGN_UP="open", CHATSITE_MAIL_URL=SERVER)


@pytest.fixture
def carol(db) -> Person:
    return Person.objects.create_user("carol", "carol@example.org", PASSWORD)


def path_in(text: str) -> str:
    return re.findall(r"http://testserver(/accounts/\S+/)", text)[0]


def sign_in(client: Client, name: str, password: str = PASSWORD):
    return client.post("/accounts/login/", {"login": name, "password": password})


def test_an_account_is_open_when_its_address_is_confirmed(as_nobody: Client):
    page = as_nobody.post("/accounts/signup/", FORM, follow=True).content.decode()
    assert "A message is on its way to dora@example.org." in page
    link = path_in(mailed("Confirm your address").body)
    assert sign_in(as_nobody, "dora")["Location"] == "/accounts/confirm-email/"
    assert as_nobody.get("/").status_code == 302
    assert "will belong to the account" in as_nobody.get(link).content.decode()
    as_nobody.post(link)
    assert sign_in(as_nobody, "dora")["Location"] == "/"
    assert "This link is spent" in client_of(None).get(link).content.decode()


def test_nobody_takes_somebodys_address_as_a_name(as_nobody: Client, carol: Person):
    answer = as_nobody.post("/accounts/signup/", {**FORM, "username": "Carol@example.org"})
    assert "A name has no @ in it" in answer.content.decode()
    assert list(Person.objects.all()) == [carol]


def test_accounts_that_an_administrator_made_have_nothing_to_confirm(as_nobody: Client, carol: Person):
    assert sign_in(as_nobody, "carol@example.org")["Location"] == "/"


def test_signing_up_with_a_known_address_looks_the_same(carol: Person):
    answers = {}
    for email in (FORM["email"], "carol@example.org"):
        client = client_of(None)
        answer = client.post(
            "/accounts/signup/", {**FORM, "username": f"u-{len(answers)}", "email": email}, follow=True
        )
        answers[email] = (answer.redirect_chain, answer.content.decode().replace(email, "…"))
    first, second = (
        re.sub(r'(csrf-token" content=|csrfmiddlewaretoken" value=)"\w+"', "", a[1]) for a in answers.values()
    )
    assert re.sub(r"nonce=\S+", "", first) == re.sub(r"nonce=\S+", "", second)
    assert "no new one was made" in mailed("You have an account already", count=2).body
    assert Person.objects.filter(email="carol@example.org").count() == 1


def test_a_reset_looks_the_same_for_known_and_unknown(carol: Person):
    pages = []
    for email in ("carol@example.org", "nobody@example.org"):
        answer = client_of(None).post("/accounts/password/reset/", {"email": email}, follow=True)
        pages.append((answer.redirect_chain, re.sub(r'token" content="\w+"', "", answer.content.decode())))
    assert pages[0] == pages[1]
    mailed("Choose a new password")
    assert [message.to for message in mail.outbox] == [["carol@example.org"]]


def test_a_password_is_reset_once_and_ends_other_sessions(as_nobody: Client, carol: Person):
    elsewhere = client_of(carol)
    as_nobody.post("/accounts/password/reset/", {"email": "Carol@example.org"})
    link = path_in(mailed("Choose a new password").body)
    page = as_nobody.get(link, follow=True)
    new = "a brand new sentence"
    bad = as_nobody.post(page.request["PATH_INFO"], {"password1": "short", "password2": "short"}).content.decode()
    assert "at least 10 characters" in bad
    done = as_nobody.post(page.request["PATH_INFO"], {"password1": new, "password2": new}, follow=True)
    assert "Your password was changed" in done.content.decode()
    assert elsewhere.get("/").status_code == 302
    assert sign_in(as_nobody, "carol", new)["Location"] == "/"
    assert "This link is spent" in client_of(None).get(link).content.decode()
    assert "signed out" in mailed("Your password was reset", count=2).body


def test_asking_for_links_is_held_back(carol: Person):
    for _ in range(5):
        client_of(None).post("/accounts/password/reset/", {"email": "carol@example.org"})
    answer = client_of(None).post("/accounts/password/reset/", {"email": "carol@example.org"})
    assert answer.status_code == 429
    assert "Too many attempts" in answer.content.decode()


def test_a_deactivated_account_is_told_with_the_right_password_only(as_nobody: Client, carol: Person):
    Person.objects.update(is_active=False)
    assert "do not match" in sign_in(as_nobody, "carol", "wrong").content.decode()
    assert sign_in(as_nobody, "carol")["Location"] == "/accounts/inactive/"
    assert "Your account was deactivated" in as_nobody.get("/accounts/inactive/").content.decode()
    as_nobody.post("/accounts/password/reset/", {"email": "carol@example.org"})
    assert mail.outbox == []


def test_links_lead_to_the_public_address(as_nobody: Client, carol: Person, settings):
    set_environment(settings, CHATSITE_MAIL_URL=SERVER, CHATSITE_PUBLIC_URL="https://chat.example.org")
    as_nobody.post("/accounts/password/reset/", {"email": "carol@example.org"})
    assert "https://chat.example.org/accounts/password/reset/key/" in mailed("Choose a new password").body


def test_an_address_is_changed_when_the_new_one_is_confirmed(carol: Person):
    client = client_of(carol)
    carol.emailaddress_set.create(email="carol@example.org", primary=True, verified=True)
    client.post("/accounts/email/", {"email": "new@example.org", "action_add": ""})
    assert "takes over when you have followed the link" in client.get("/accounts/email/").content.decode()
    client.post(path_in(mailed("Confirm your address").body))
    carol.refresh_from_db()
    assert carol.email == "new@example.org"
    assert "is now new@example.org" in mailed("Your address was changed", count=2).body


@pytest.mark.parametrize(
    ("sign_up", "said"), [("closed", "Sign-up is closed"), ("invitation", "Sign-up is by invitation")]
)
def test_sign_up_says_that_it_is_not_open(as_nobody: Client, settings, sign_up: str, said: str):
    set_environment(settings, CHATSITE_SIGN_UP=sign_up)
    assert said in as_nobody.get("/accounts/signup/").content.decode()
    assert said in as_nobody.post("/accounts/signup/", FORM).content.decode()
    assert "Sign up" not in as_nobody.get("/accounts/login/").content.decode()
    assert not Person.objects.exists()


def test_without_a_mail_server_the_pages_do_not_pretend(as_nobody: Client, carol: Person, settings):
    set_environment(settings, terminal=False, CHATSITE_SIGN_UP="open")
    assert "Sign-up is not possible yet" in as_nobody.post("/accounts/signup/", FORM).content.decode()
    assert "This site cannot send mail." in as_nobody.get("/accounts/password/reset/").content.decode()
    done = as_nobody.post("/accounts/password/reset/", {"email": "carol@example.org"}, follow=True)
    assert "Nothing was sent" in done.content.decode()
    assert "An administrator can set a new one." in as_nobody.get("/accounts/login/").content.decode()
    assert "cannot send mail" in client_of(carol).get("/accounts/email/").content.decode()


def test_an_embedded_site_without_a_mail_server_says_where_its_mail_is(as_nobody: Client, settings):
    set_environment(settings, CHATSITE_SIGN_UP="open")
    assert "printed in the terminal" in as_nobody.get("/accounts/password/reset/done/").content.decode()
