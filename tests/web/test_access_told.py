"""Whoever takes access away tells: nothing committed afterwards is sent, long before the check of every 9 s."""

import asyncio
from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from asgiref.sync import sync_to_async
from django.test import Client

from streaming.chats import rename_conversation
from streaming.events import AccessChanged
from streaming.log import read_all
from streaming.models import Person
from streaming.models.database import in_database
from tests.support.eventually import eventually
from tests.support.live_chat import LiveChat, at_head
from tests.support.rows import a_chat, a_person
from tests.support.viewer import Viewer
from tests.support.watching import somebody_follows
from tests.web.conftest import client_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])
OLD, NEW = "correct horse battery staple", "a brand new sentence"


def here(chat: LiveChat) -> Client:
    """Another tab of the session that the viewer has open."""
    client = Client()
    client.cookies["sessionid"] = chat.cookies["sessionid"]
    return client


def elsewhere(chat: LiveChat) -> Client:
    return client_of(chat.owner)


def root() -> Client:
    return client_of(a_person("root", is_staff=True, is_superuser=True))


def by_page(chat: LiveChat) -> None:
    root().post(f"/people/{chat.owner.pk}/deactivate/")


def one_session(chat: LiveChat) -> None:
    here(chat).get("/settings/")
    open_session = UserSession.objects.get(session_key=chat.cookies["sessionid"])
    elsewhere(chat).post(f"/settings/security/sessions/{open_session.pk}/end/")


def other_sessions(chat: LiveChat) -> None:
    here(chat).get("/settings/")
    elsewhere(chat).post("/settings/security/sessions/end/")


def password_change(chat: LiveChat) -> None:
    chat.owner.set_password(OLD)
    Person.objects.filter(pk=chat.owner.pk).update(password=chat.owner.password)
    client = elsewhere(chat)
    answer = client.post("/accounts/password/change/", {"oldpassword": OLD, "password1": NEW, "password2": NEW})
    assert answer.status_code == 302, answer.content.decode()


def password_by_administrator(chat: LiveChat) -> None:
    form = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    assert root().post(f"/admin/streaming/person/{chat.owner.pk}/password/", form).status_code == 302


def factors_reset(chat: LiveChat) -> None:
    assert root().post(f"/people/{chat.owner.pk}/factors/reset/").status_code == 302


def logout(chat: LiveChat) -> None:
    assert here(chat).post("/accounts/logout/").status_code == 302


def new_sign_in(chat: LiveChat) -> None:
    """The same browser signs in as somebody else."""
    here(chat).force_login(a_person("eve"), backend="django.contrib.auth.backends.ModelBackend")


def deletion(chat: LiveChat) -> None:
    Person.objects.get(pk=chat.owner.pk).delete()


async def lost(chat: LiveChat, viewer: Viewer, lose: Callable[[LiveChat], None], transport: str) -> int:
    """The stream's head just before the loss, for a viewer who is shut out soon after."""
    follow = viewer.follow if transport == "socket" else viewer.follow_sse
    following = asyncio.create_task(follow(lambda _: False))
    await eventually(somebody_follows)
    shown = await chat.say("public")
    await eventually(lambda: viewer.seq == shown)
    await sync_to_async(lose)(chat)
    if await in_database(Person.objects.filter(pk=chat.owner.pk).exists):
        await chat.say("secret")
    await asyncio.wait_for(following, 45)
    return shown


@pytest.mark.parametrize("transport", ["socket", "sse"])
@pytest.mark.parametrize(
    "lose",
    [
        by_page,
        one_session,
        other_sessions,
        password_change,
        password_by_administrator,
        factors_reset,
        logout,
        new_sign_in,
        deletion,
    ],
)
async def test_nothing_after_the_loss_is_sent(url, chat, lose, transport):
    viewer = await at_head(url, chat)
    assert await lost(chat, viewer, lose, transport) == viewer.seq


@pytest.mark.parametrize("lose", [by_page, logout])
async def test_nothing_after_the_loss_is_sent_without_the_doorbell(url, chat, lose, monkeypatch):
    monkeypatch.setattr("streaming.runs.ending.ring", lambda _: None)
    viewer = await at_head(url, chat)
    assert await lost(chat, viewer, lose, "socket") == viewer.seq


async def test_what_begins_after_the_loss_is_proven_first(url, chat):
    """Nothing is being written, so nothing is told: what another session does then is not shown either."""
    viewer = await at_head(url, chat)
    await in_database(chat.speaker.end)
    following = asyncio.create_task(viewer.follow(lambda _: False))
    await eventually(somebody_follows)
    head = await in_database(chat.head)
    await eventually(lambda: viewer.seq == head)
    await sync_to_async(logout)(chat)
    await in_database(rename_conversation, chat.sent.message.conversation, title="secret")
    await asyncio.wait_for(following, 45)
    assert viewer.seq == head
    assert viewer.close_code == 4401


def told(chat: LiveChat) -> list[AccessChanged]:
    return [event.data for event in read_all(chat.stream_id, 0, chat.head()) if isinstance(event.data, AccessChanged)]


def test_only_what_sessions_are_checked_against_is_told(chat: LiveChat):
    others = a_chat(a_person("bob"))
    person = Person.objects.get(pk=chat.owner.pk)
    person.theme = "dark"
    person.save()
    person.save(update_fields=["last_login"])
    assert told(chat) == []
    person.is_active = False
    person.save()
    assert told(chat) == [AccessChanged(person=str(person.pk), granted=False)]
    assert not [e for e in read_all(others.run.stream_id, 0, 100) if isinstance(e.data, AccessChanged)]


def test_a_change_that_fails_is_not_told(chat: LiveChat):
    person = Person.objects.get(pk=chat.owner.pk)
    person.is_active, person.pace = False, None
    with pytest.raises(Exception, match="pace"):
        person.save()
    assert told(chat) == []
