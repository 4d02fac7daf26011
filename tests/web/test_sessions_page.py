"""Where one is signed in: listed, ended, and never anybody else's."""

import asyncio
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from asgiref.sync import sync_to_async
from django.test import Client
from django.utils import timezone

from streaming.models import Person
from streaming.models.database import in_database
from streaming.web import standing
from streaming.web.devices import device_of
from tests.support.eventually import eventually
from tests.support.live_chat import at_head
from tests.support.watching import somebody_follows, watching

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def device(person: Person, agent: str = FIREFOX, address: str = "192.0.2.7") -> Client:
    """Somewhere the person is signed in and has looked at a page."""
    client = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/settings/").status_code == 200
    return client


def session_of(client: Client) -> UserSession:
    return UserSession.objects.get(session_key=client.session.session_key)


@pytest.mark.django_db
def test_sessions_say_device_and_address_and_which_is_this_one(alice: Person, bob: Person):
    phone, here = device(alice, PHONE, "192.0.2.8"), device(alice)
    device(bob, address="192.0.2.9")
    html = here.get("/settings/security/").content.decode()
    assert html.index("This device") < html.index("Safari on an iPhone")
    assert "Firefox on Linux" in html
    assert "192.0.2.8" in html
    assert "192.0.2.9" not in html
    assert html.count("Sign out Safari on an iPhone, 192.0.2.8") == 1
    assert phone.get("/").status_code == 200


@pytest.mark.django_db
def test_one_session_is_ended(alice: Person):
    phone, here = device(alice, PHONE), device(alice)
    html = here.post(f"/settings/security/sessions/{session_of(phone).pk}/end/", follow=True).content.decode()
    assert "Signed out there." in html
    assert phone.get("/").status_code == 302
    assert here.get("/").status_code == 200
    assert "iPhone" not in html


@pytest.mark.django_db
def test_all_others_are_ended(alice: Person, bob: Person):
    phone, tablet, here, stranger = device(alice, PHONE), device(alice), device(alice), device(bob)
    html = here.post("/settings/security/sessions/end/", follow=True).content.decode()
    assert "Signed out of 2 other sessions." in html
    assert [client.get("/").status_code for client in (phone, tablet, here, stranger)] == [302, 302, 200, 200]


@pytest.mark.django_db
def test_nobody_ends_a_strangers_session_nor_the_own_one_here(alice: Person, bob: Person):
    here, stranger = device(alice), device(bob)
    for target in (here, stranger):
        html = here.post(f"/settings/security/sessions/{session_of(target).pk}/end/", follow=True).content.decode()
        assert "That session had ended already." in html
        assert target.get("/").status_code == 200


@pytest.mark.django_db
def test_the_page_is_for_the_signed_in(as_nobody: Client):
    assert as_nobody.get("/settings/security/").status_code == 302
    assert as_nobody.post("/settings/security/sessions/end/").status_code == 302


@pytest.mark.django_db
def test_last_seen_is_written_at_most_once_a_minute(alice: Person):
    here = device(alice)
    seen = session_of(here).last_seen_at
    here.get("/settings/")
    assert session_of(here).last_seen_at == seen
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(minutes=2))
    here.get("/settings/")
    assert session_of(here).last_seen_at > seen


@pytest.mark.django_db(transaction=True, databases=["default", "reader"])
@pytest.mark.parametrize("transport", ["socket", "sse"])
async def test_what_is_open_in_an_ended_session_ends_at_the_next_check(url, chat, session, monkeypatch, transport):
    """The check runs every 9 s; here every 0.2 s."""
    assert standing.CHECK_SECONDS < 10
    monkeypatch.setattr(standing, "CHECK_SECONDS", 0.2)
    viewer = await at_head(url, chat)
    await viewer.load(session)
    here = await sync_to_async(device)(chat.owner)
    open_session = await in_database(UserSession.objects.exclude(session_key=here.session.session_key).get)
    end = sync_to_async(here.post)
    if transport == "socket":
        async with watching(viewer, session):
            await eventually(somebody_follows)
            await end(f"/settings/security/sessions/{open_session.pk}/end/")
            await eventually(lambda: viewer.close_code == 4401)
    else:
        following = asyncio.create_task(viewer.follow_sse(lambda _: False))
        await eventually(somebody_follows)
        await end(f"/settings/security/sessions/{open_session.pk}/end/")
        await asyncio.wait_for(following, 45)
        async with session.get(f"{url}/sse/c/{chat.id}/", headers=viewer.headers) as answer:
            assert answer.status == 401


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (PHONE, "Safari on an iPhone"),
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/142.0 Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("", "An unknown device"),
    ],
)
def test_devices_in_words(agent: str, words: str):
    assert device_of(agent) == words
