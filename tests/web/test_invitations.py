"""Invitations: who makes them, what a link is good for, and that it is good once."""

import re
from datetime import timedelta

import pytest
from allauth.account.adapter import get_adapter
from allauth.core.context import request_context
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from chatsite import sign_up
from chatsite.sign_up import SignUpForm
from streaming.access.invitations import claim, invite
from streaming.models import Invitation, Person
from streaming.web.invitation import SESSION_KEY
from tests.support.site_settings import set_environment
from tests.web.conftest import client_of

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "carol@example.org"
FORM = {"username": "carol", "password1": "correct horse battery staple"}


@pytest.fixture(autouse=True)
def by_invitation(settings) -> None:
    cache.clear()
    set_environment(settings, CHATSITE_SIGN_UP="invitation", CHATSITE_MAIL_URL="smtp://127.0.0.1:9")


@pytest.fixture
def link(staff: Person) -> str:
    return f"/accounts/invitation/{invite(ADDRESS, by=staff)[1]}/"


def test_an_invitation_is_mailed_and_its_link_shown_once(as_staff: Client):
    answer = as_staff.post("/people/invitations/", {"email": "Carol@Example.org"})
    assert answer.status_code == 201
    [link] = re.findall(r"http://testserver(/accounts/invitation/[\w-]+/)", answer.content.decode())
    [message] = mail.outbox
    assert message.to == [ADDRESS]
    assert message.subject == "[chatsite] You are invited"
    assert link in message.body
    again = as_staff.get("/people/invitations/").content.decode()
    assert ADDRESS in again
    assert link not in again
    secret = link.rstrip("/").rsplit("/", 1)[-1]
    assert secret not in str(Invitation.objects.values())


def test_the_invited_make_an_account_with_a_proven_address_in_their_groups(as_nobody: Client, staff: Person):
    group = Group.objects.create(name="Interns")
    link = f"/accounts/invitation/{invite(ADDRESS, by=staff, groups=[group])[1]}/"
    form = as_nobody.get(link, follow=True)
    assert form.redirect_chain[-1][0] == "/accounts/signup/"
    assert "You are invited" in form.content.decode()
    made = as_nobody.post("/accounts/signup/", {**FORM, "email": "other@example.org"})
    assert made["Location"] == "/"
    carol = Person.objects.get(username="carol")
    assert carol.email == ADDRESS
    assert list(carol.groups.all()) == [group]
    assert carol.emailaddress_set.get().verified
    assert as_nobody.get("/").status_code == 200
    assert Invitation.objects.get().accepted_by == carol
    assert mail.outbox == []


def test_a_link_makes_one_account(link: str):
    first, second = client_of(None), client_of(None)
    for client in (first, second):
        client.get(link)
    assert first.post("/accounts/signup/", FORM).status_code == 302
    late = second.post("/accounts/signup/", {**FORM, "username": "second"})
    assert "Sign-up is by invitation" in late.content.decode()
    assert "This invitation was used" in client_of(None).get(link).content.decode()
    assert not Person.objects.filter(username="second").exists()


@pytest.mark.parametrize(("path", "is_open"), [("/accounts/signup/", True), ("/accounts/login/", False)])
def test_an_invitation_opens_the_form_that_spends_it_and_no_other_way(rf, link: str, path: str, *, is_open: bool):
    request = rf.get(path)
    request.resolver_match = resolve(path)
    request.session = {SESSION_KEY: Invitation.objects.get().pk}
    assert get_adapter(request).is_open_for_signup(request) is is_open


def test_of_two_forms_sent_at_once_one_makes_an_account(rf, link: str):
    invitation = Invitation.objects.get()
    request = rf.post("/accounts/signup/", FORM)
    request.session, request.user = SessionStore(), AnonymousUser()
    request.session[SESSION_KEY] = invitation.pk
    with request_context(request):
        form = SignUpForm(FORM)
        assert form.is_valid()
        assert claim(invitation)
        person, response = form.try_save(request)
    assert person is None
    assert response is not None
    assert "This invitation was used" in response.content.decode()
    assert not Person.objects.filter(username="carol").exists()


def test_an_account_is_made_with_its_groups_or_not_at_all(as_nobody: Client, staff: Person, monkeypatch):
    group = Group.objects.create(name="Interns")
    invitation, secret = invite(ADDRESS, by=staff, groups=[group])
    as_nobody.get(f"/accounts/invitation/{secret}/")

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(sign_up, "settle", die)
        with pytest.raises(SystemExit):
            as_nobody.post("/accounts/signup/", FORM)
    assert not Person.objects.filter(username="carol").exists()
    invitation.refresh_from_db()
    assert invitation.state == Invitation.State.OPEN
    assert as_nobody.post("/accounts/signup/", FORM)["Location"] == "/"
    assert list(Person.objects.get(username="carol").groups.all()) == [group]


def test_a_name_that_looks_like_an_address_is_refused(as_nobody: Client, link: str):
    as_nobody.get(link)
    answer = as_nobody.post("/accounts/signup/", {**FORM, "username": "alice@example.org"}).content.decode()
    assert "A name has no @ in it" in answer
    assert not Person.objects.filter(email=ADDRESS).exists()
    assert Invitation.objects.get().state == Invitation.State.OPEN


def test_a_form_that_cannot_be_used_spends_nothing(as_nobody: Client, link: str, alice: Person):
    as_nobody.get(link)
    bad = as_nobody.post("/accounts/signup/", {"username": "alice", "password1": "short"}).content.decode()
    assert "Somebody has this name already." in bad
    assert "at least 10 characters" in bad
    assert as_nobody.post("/accounts/signup/", FORM)["Location"] == "/"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"expires_at": timezone.now() - timedelta(minutes=1)}, "This invitation has expired"),
        ({"revoked_at": timezone.now()}, "This invitation is not valid"),
        ({"accepted_at": timezone.now()}, "This invitation was used"),
    ],
    ids=["expired", "revoked", "accepted"],
)
def test_a_spent_link_says_why(as_nobody: Client, link: str, settings, change: dict[str, object], said: str):
    as_nobody.get(link)
    Invitation.objects.update(**change)
    answer = as_nobody.get(link)
    assert answer.status_code == 410
    assert said in answer.content.decode()
    set_environment(settings, CHATSITE_SIGN_UP="open")
    offers_sign_up = "without an invitation" in as_nobody.get(link).content.decode()
    assert offers_sign_up == ("accepted_at" not in change), "not to somebody who has an account"
    set_environment(settings, CHATSITE_SIGN_UP="invitation")
    assert "Sign-up is by invitation" in as_nobody.post("/accounts/signup/", FORM).content.decode()


def test_a_spent_link_is_void_where_sign_up_is_open(as_nobody: Client, link: str, settings):
    set_environment(settings, CHATSITE_SIGN_UP="open")
    Invitation.objects.update(revoked_at=timezone.now())
    answer = as_nobody.get(link)
    assert answer.status_code == 410
    assert "without an invitation" in answer.content.decode()


def test_an_unknown_link_says_nothing_of_others(as_nobody: Client, link: str):
    answer = as_nobody.get(f"{link[:-2]}/")
    assert answer.status_code == 410
    assert ADDRESS not in answer.content.decode()


def test_inviting_again_replaces_the_link(as_staff: Client, as_nobody: Client, link: str):
    as_staff.post("/people/invitations/", {"email": ADDRESS})
    assert as_nobody.get(link).status_code == 410


def test_an_invitation_is_revoked(as_staff: Client, as_nobody: Client, link: str):
    path = f"/people/invitations/{Invitation.objects.get().pk}/revoke/"
    assert "was revoked" in as_staff.post(path, follow=True).content.decode()
    assert as_nobody.get(link).status_code == 410
    assert "was not open any more" in as_staff.post(path, follow=True).content.decode()


def test_who_has_an_account_is_not_invited(as_staff: Client):
    Person.objects.create_user("carol", "CAROL@example.org")
    answer = as_staff.post("/people/invitations/", {"email": ADDRESS})
    assert answer.status_code == 422
    assert "has an account already" in answer.content.decode()
    assert not Invitation.objects.exists()


def test_who_is_signed_in_is_asked_to_sign_out_first(as_alice: Client, link: str):
    assert "You are signed in already" in as_alice.get(link).content.decode()
    assert as_alice.post("/accounts/logout/", {"next": link})["Location"] == link
    assert as_alice.get(link)["Location"] == "/accounts/signup/"


def test_a_mail_server_that_is_away_is_said_and_the_link_shown(as_staff: Client, settings):
    settings.MAILERS = settings.MAIL.mailers
    html = as_staff.post("/people/invitations/", {"email": ADDRESS}).content.decode()
    assert "The mail server did not take the invitation" in html
    assert "/accounts/invitation/" in html


def test_a_refused_invitation_keeps_the_groups_that_were_ticked(as_staff: Client):
    group = Group.objects.create(name="Interns")
    ticked = f'name="group" value="{group.pk}" checked'
    refused = as_staff.post("/people/invitations/", {"email": "no address", "group": group.pk})
    assert refused.status_code == 422
    assert ticked in refused.content.decode()
    assert ticked not in as_staff.post("/people/invitations/", {"email": ADDRESS, "group": group.pk}).content.decode()


def test_closed_sign_up_takes_no_invitation(as_staff: Client, as_nobody: Client, link: str, settings):
    set_environment(settings, CHATSITE_SIGN_UP="closed")
    assert "Sign-up is closed" in as_nobody.get(link).content.decode()
    assert "Sign-up is closed on this site" in as_staff.get("/people/invitations/").content.decode()
    assert as_staff.post("/people/invitations/", {"email": "d@example.org"}).status_code == 200
    assert Invitation.objects.count() == 1
