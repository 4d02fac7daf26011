"""What is mailed when the way somebody signs in changes: each notice in our words, and read as it arrives."""

import re

import pytest
from allauth.account.adapter import get_adapter
from allauth.core.context import request_context
from django.core import mail
from django.core.cache import cache
from django.template.loader import get_template
from django.test import Client, RequestFactory

from chatsite.environment import PROJECT_ROOT
from streaming.models import Person
from tests.support.outbox import mailed
from tests.support.site_settings import set_environment
from tests.support.totp import code_at, secret_on
from tests.web.conftest import client_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("outbox")]
PASSWORD = "correct horse battery staple"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


class Provider:
    name = "A & B"


NOTICES = {
    "account/email/email_changed": "Your address was changed",
    "account/email/password_changed": "Your password was changed",
    "account/email/password_reset": "Your password was reset",
    "account/email/password_set": "Your account has a password",
    "mfa/email/recovery_codes_generated": "New recovery codes were made",
    "mfa/email/totp_activated": "An authenticator app was set up",
    "mfa/email/totp_deactivated": "Your authenticator app was turned off",
    "mfa/email/webauthn_added": "A passkey was added",
    "mfa/email/webauthn_removed": "A passkey was removed",
    "socialaccount/email/account_connected": "Sign-in through A & B was linked",
    "socialaccount/email/account_disconnected": "Sign-in through A & B was unlinked",
}
FOOT = """

When: {when}
From: Firefox on Linux, address 192.0.2.7

If this was not you, choose a new password at once: http://testserver/accounts/password/reset/
Then look at how your account is signed in to: http://testserver/settings/security/

--
chatsite, http://testserver/"""


@pytest.fixture(autouse=True)
def with_mail(settings) -> None:
    cache.clear()
    set_environment(settings, CHATSITE_MAIL_URL="smtp://127.0.0.1:9")


@pytest.fixture
def carol(db) -> Person:
    return Person.objects.create_user("carol", "carol@example.org", PASSWORD)


@pytest.fixture
def as_carol(carol: Person) -> Client:
    client = client_of(None, headers={"user-agent": FIREFOX}, REMOTE_ADDR="192.0.2.7")
    client.post("/accounts/login/", {"login": "carol", "password": PASSWORD})
    return client


@pytest.mark.parametrize(("prefix", "subject"), NOTICES.items())
def test_each_notice_is_ours(carol: Person, prefix: str, subject: str):
    for name in (f"{prefix}_subject.txt", f"{prefix}_message.txt"):
        assert get_template(name).origin.name == str(PROJECT_ROOT / "templates" / name)
    with request_context(RequestFactory(headers={"user-agent": FIREFOX}, REMOTE_ADDR="192.0.2.7").get("/")) as request:
        values = {"provider": Provider, "from_email": "a&b@example.org", "to_email": "c@example.org"}
        get_adapter(request).send_notification_mail(prefix, carol, values)
    message = mailed("")
    assert (message.subject, message.to) == (f"[chatsite] {subject}", ["carol@example.org"])
    said, foot = message.body.split("\n\n", 1)
    assert said.endswith(".")
    assert "&amp;" not in said
    when = re.search(r"When: (.*)", foot)[1]
    assert re.fullmatch(r"\d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d [A-Z]+", when)
    assert f"\n\n{foot}" == FOOT.format(when=when)


def test_an_app_and_its_codes_are_told(as_carol: Client):
    as_carol.post(as_carol.get("/accounts/2fa/totp/activate/")["Location"], {"password": PASSWORD})
    secret = secret_on(as_carol.get("/accounts/2fa/totp/activate/").content.decode())
    as_carol.post("/accounts/2fa/totp/activate/", {"code": code_at(secret)})
    told = mailed("An authenticator app was set up")
    assert told.body.startswith("Your account now asks for a code from an authenticator app after the password.\n")
    before = len(mail.outbox)
    as_carol.post("/accounts/2fa/recovery-codes/generate/")
    assert mailed("New recovery codes", count=before + 1).body.startswith("Your account has new recovery codes.")
    as_carol.post("/accounts/2fa/totp/deactivate/")
    assert "no longer asks for a code" in mailed("turned off", count=before + 2).body


def test_a_new_password_is_told(as_carol: Client):
    new = "a brand new sentence"
    as_carol.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert mailed("Your password was changed").body.startswith("The password of your account was changed.\n")
