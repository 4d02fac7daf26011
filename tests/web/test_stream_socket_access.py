"""Who is let in to a socket, and who is shown out of it, with which close code."""

import asyncio
import re

import aiohttp
import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError

from streaming.chats import delete_conversation
from streaming.events import AccessChanged
from streaming.models import Conversation, Person
from streaming.models.database import in_database
from streaming.transport.drain import Drain
from streaming.web import feed, standing, stream_socket
from tests.support.eventually import eventually
from tests.support.live_chat import at_head
from tests.support.rows import a_person
from tests.support.sessions import cookies_of
from tests.support.viewer import Viewer
from tests.support.watching import somebody_follows, watching

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


async def refused(session: aiohttp.ClientSession, viewer: Viewer, **headers: str) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as error:
        await session.ws_connect(f"{viewer.url}/ws/c/{viewer.conversation}/", headers={**viewer.headers, **headers})
    return error.value.status


async def test_owner_is_greeted_with_protocol_build_epoch_and_head(url, chat, session):
    viewer = await at_head(url, chat)
    async with viewer.socket(session):
        assert viewer.hello == {
            "type": "hello",
            "protocol": 1,
            "build": viewer.hello["build"],
            "epoch": await in_database(chat.epoch),
            "head": await in_database(chat.head),
        }
        assert re.fullmatch("[0-9a-f]{12}", viewer.hello["build"])


async def test_stranger_anonymous_and_seekers_of_nothing_are_refused_alike(url, chat, session):
    stranger = Viewer(url, chat.id, await in_database(lambda: cookies_of(a_person("bob"))))
    assert await refused(session, stranger) == 403
    assert await refused(session, Viewer(url, chat.id, {})) == 403
    assert await refused(session, Viewer(url, chat.id, {"sessionid": "x" * 32})) == 403
    assert await refused(session, Viewer(url, "0" * 32, chat.cookies)) == 403
    await in_database(delete_conversation, chat.sent.message.conversation, by=chat.owner)
    assert await refused(session, Viewer(url, chat.id, chat.cookies)) == 403


async def test_foreign_origins_are_refused(url, chat, session):
    viewer = Viewer(url, chat.id, chat.cookies)
    assert await refused(session, viewer, Origin="https://evil.example") == 403
    assert await refused(session, viewer, Origin="null") == 403
    assert await refused(session, viewer, Origin=url.replace("http:", "https:")) == 403


async def test_unknown_address_is_refused(url, session):
    with pytest.raises(aiohttp.WSServerHandshakeError) as error:
        await session.ws_connect(f"{url}/ws/nothing/", headers={"Origin": url})
    assert error.value.status == 403


@pytest.fixture
def unchecked(monkeypatch) -> None:
    """Whoever is shown out was told by an event: the check comes too late for any test."""
    monkeypatch.setattr(standing, "CHECK_SECONDS", 600)
    monkeypatch.setattr(standing, "UNCHECKED_SECONDS", 900)


@pytest.mark.usefixtures("unchecked")
async def test_deleted_conversation_closes_with_4404(url, chat, session):
    viewer = await at_head(url, chat)
    async with watching(viewer, session):
        await eventually(somebody_follows)
        await in_database(delete_conversation, chat.sent.message.conversation, by=chat.owner)
        await eventually(lambda: viewer.close_code == 4404)
    assert not viewer.frames


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("ring", [True, False], ids=["rung", "found by a look"])
async def test_access_event_closes_with_4403_and_nothing_after_it_is_sent(url, chat, session, ring):
    viewer = await at_head(url, chat)
    bob = await in_database(a_person, "bob")
    async with watching(viewer, session):
        await eventually(somebody_follows)
        await in_database(Conversation.objects.filter(pk=chat.id).update, owner=bob)
        await chat.say(AccessChanged(person=str(chat.owner.pk), granted=False), "secret", ring=ring)
        await eventually(lambda: viewer.close_code == 4403)
    assert not viewer.frames


async def test_loss_just_before_the_first_frame_is_noticed_before_it_is_sent(url, chat, session, monkeypatch):
    viewer = await at_head(url, chat)
    await chat.say("secret", ring=False)
    bob = await in_database(a_person, "bob")
    open_view = feed.open_view

    def lose_and_open(*args: object) -> object:
        Conversation.objects.filter(pk=chat.id).update(owner=bob)
        return open_view(*args)

    monkeypatch.setattr(feed, "open_view", lose_and_open)
    async with watching(viewer, session):
        await eventually(lambda: viewer.close_code == 4403)
    assert not viewer.frames
    assert not viewer.resets


@pytest.mark.parametrize("loss", ["session", "account", "password", "owner"])
async def test_loss_without_an_event_is_noticed_by_the_check(url, chat, session, monkeypatch, loss):
    monkeypatch.setattr(standing, "CHECK_SECONDS", 0.2)
    people = Person.objects.filter(pk=chat.owner.pk)
    lose = {
        "session": lambda: Session.objects.all().delete(),
        "account": lambda: people.update(is_active=False),
        "password": lambda: people.update(password="another"),
        "owner": lambda: Conversation.objects.filter(pk=chat.id).update(owner=a_person("bob")),
    }[loss]
    viewer = await at_head(url, chat)
    async with watching(viewer, session):
        seq = await chat.say("before")
        await eventually(lambda: viewer.seq == seq)
        await in_database(lose)
        code = {"owner": 4403, "account": 4410}.get(loss, 4401)
        await eventually(lambda: viewer.close_code == code)


async def test_nothing_is_sent_while_access_cannot_be_asked_for(url, chat, session, monkeypatch):
    monkeypatch.setattr(standing, "CHECK_SECONDS", 0.1)
    monkeypatch.setattr(standing, "UNCHECKED_SECONDS", 0.3)
    monkeypatch.setattr(standing, "RETRY_SECONDS", 0.1)

    def away(*_: object) -> None:
        raise OperationalError("away on purpose")

    viewer = await at_head(url, chat)
    with monkeypatch.context() as meanwhile:
        async with watching(viewer, session):
            seq = await chat.say("before")
            await eventually(lambda: viewer.seq == seq)
            meanwhile.setattr(standing, "admit", away)
            await asyncio.sleep(0.6)
            await chat.say("meanwhile")
            await asyncio.sleep(0.3)
            assert viewer.seq == seq
            meanwhile.undo()
            await eventually(lambda: viewer.seq == seq + 1)


async def test_drain_closes_with_4412_and_refuses_new_sockets(url, chat, session, monkeypatch):
    drain = Drain()
    monkeypatch.setattr(stream_socket.ConversationSocket, "drain", drain)
    viewer = await at_head(url, chat)
    async with watching(viewer, session):
        await eventually(lambda: drain.open_streams == 1)
        drain.begin(seconds=0.2)
        await eventually(lambda: viewer.close_code == 4412)
        assert await refused(session, viewer) == 403
