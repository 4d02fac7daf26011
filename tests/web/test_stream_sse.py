"""The event stream of docs/delivery.md over a real server: the socket's messages where sockets do not get through."""

import asyncio

import aiohttp
import pytest

from streaming.chats import delete_conversation
from streaming.delivery import tails
from streaming.events import AccessChanged
from streaming.models import Conversation
from streaming.models.database import in_database
from streaming.transport import sse
from streaming.transport.drain import Drain
from streaming.web import standing, stream_sse
from tests.support.eventually import eventually
from tests.support.live_chat import at_head
from tests.support.rows import a_person
from tests.support.sessions import cookies_of
from tests.support.viewer import Viewer
from tests.support.watching import somebody_follows

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


async def status(session: aiohttp.ClientSession, viewer: Viewer, **headers: str) -> int:
    address = f"{viewer.url}/sse/c/{viewer.conversation}/"
    async with session.get(address, headers={**viewer.headers, **headers}) as answer:
        return answer.status


async def test_owner_is_let_in_strangers_find_nothing_and_nobody_is_told_to_sign_in(url, chat, session):
    stranger = Viewer(url, chat.id, await in_database(lambda: cookies_of(a_person("bob"))))
    assert await status(session, Viewer(url, chat.id, chat.cookies)) == 200
    assert await status(session, stranger) == 404
    assert await status(session, Viewer(url, "0" * 32, chat.cookies)) == 404
    assert await status(session, Viewer(url, chat.id, {})) == 401
    assert await status(session, Viewer(url, "0" * 32, {})) == 401
    await in_database(delete_conversation, chat.sent.message.conversation, by=chat.owner)
    assert await status(session, Viewer(url, chat.id, chat.cookies)) == 404


async def test_foreign_pages_are_refused(url, chat, session):
    viewer = Viewer(url, chat.id, chat.cookies)
    assert await status(session, viewer, Origin="https://evil.example") == 403
    assert await status(session, viewer, Origin="null") == 403
    async with session.get(
        f"{url}/sse/c/{chat.id}/", cookies=chat.cookies, headers={"Sec-Fetch-Site": "cross-site"}
    ) as answer:
        assert answer.status == 403
    async with session.post(f"{url}/sse/c/{chat.id}/", headers=viewer.headers) as answer:
        assert answer.status in {403, 405}


async def test_stream_has_the_headers_that_proxies_and_clients_need(url, chat, session):
    viewer = await at_head(url, chat)
    async with session.get(f"{url}/sse/c/{chat.id}/", headers=viewer.headers) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-cache, no-transform"
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert "Content-Length" not in answer.headers
        assert await answer.content.readline() == b"event: hello\n"
        assert (await answer.content.readline()).startswith(b'data: {"type":"hello",')
        assert await answer.content.readline() == b"\n"


async def test_page_gets_what_it_missed_and_what_comes(url, chat, session):
    viewer = await at_head(url, chat)
    await chat.say("missed ")
    seen = []
    following = asyncio.create_task(viewer.follow_sse(lambda viewer: viewer.seq >= seen[0] if seen else False))
    await eventually(lambda: viewer.frames)
    seen.append(await chat.say("and more"))
    await following
    assert [frame["from"] for frame in viewer.frames] == [seen[0] - 1, seen[0]]
    assert not viewer.resets


async def test_last_event_id_wins_over_the_address(url, chat, session):
    viewer = await at_head(url, chat)
    seq = await chat.say("word")
    here = await in_database(chat.cursor, seq)
    address = f"{url}/sse/c/{chat.id}/"
    headers = {**viewer.headers, "Last-Event-ID": viewer.cursor}
    async with session.get(address, params={"after": here}, headers=headers) as answer:
        text = await read_until(answer, b"event: frame")
        assert b"event: reset" not in text
    headers = {**viewer.headers, "Last-Event-ID": here}
    async with session.get(address, params={"after": viewer.cursor}, headers=headers) as answer:
        await read_until(answer, b"event: hello")
        seq = await chat.say(" more")
        assert b'"from":%d' % seq in await read_until(answer, b'"content"')


async def test_silence_is_filled_with_comments(url, chat, session, monkeypatch):
    monkeypatch.setattr(sse.heartbeating, "__kwdefaults__", {**sse.heartbeating.__kwdefaults__, "seconds": 0.1})
    viewer = await at_head(url, chat)
    async with session.get(
        f"{url}/sse/c/{chat.id}/", headers=viewer.headers, params={"after": viewer.cursor}
    ) as answer:
        text = await read_until(answer, b": hb\n\n: hb\n\n")
        assert b"\r" not in text
    assert sse.HEARTBEAT_SECONDS < 4


async def test_loss_of_access_ends_the_stream(url, chat, session, monkeypatch):
    monkeypatch.setattr(standing, "CHECK_SECONDS", 0.2)
    viewer = await at_head(url, chat)
    following = asyncio.create_task(viewer.follow_sse(lambda _: False))
    await eventually(lambda: viewer.hello)
    await in_database(type(chat.owner).objects.filter(pk=chat.owner.pk).update, is_active=False)
    await asyncio.wait_for(following, 45)
    assert await status(session, viewer) == 403


@pytest.mark.parametrize("ring", [True, False], ids=["rung", "found by a look"])
async def test_nothing_after_an_access_event_is_sent(url, chat, session, ring):
    viewer = await at_head(url, chat)
    bob = await in_database(a_person, "bob")
    following = asyncio.create_task(viewer.follow_sse(lambda _: False))
    await eventually(somebody_follows)
    await in_database(Conversation.objects.filter(pk=chat.id).update, owner=bob)
    await chat.say(AccessChanged(person=str(chat.owner.pk), granted=False), "secret", ring=ring)
    await asyncio.wait_for(following, 45)
    assert viewer.hello
    assert (viewer.frames, viewer.resets) == ([], [])


async def test_drain_ends_streams_and_takes_no_new_ones(url, chat, session, monkeypatch):
    drain = Drain()
    monkeypatch.setattr(sse.heartbeating, "__kwdefaults__", {**sse.heartbeating.__kwdefaults__, "drain": drain})
    monkeypatch.setattr(sse.EventStreamResponse.__init__, "__kwdefaults__", {"drain": drain})
    monkeypatch.setattr(stream_sse, "draining", drain)
    viewer = await at_head(url, chat)
    following = asyncio.create_task(viewer.follow_sse(lambda _: False))
    await eventually(lambda: drain.open_streams == 1)
    drain.begin(seconds=0.1)
    await asyncio.wait_for(following, 45)
    assert drain.open_streams == 0
    assert await status(session, viewer) == 503


async def test_reader_that_leaves_leaves_nothing_behind(url, chat, session):
    viewer = await at_head(url, chat)
    for _ in range(3):
        async with session.get(f"{url}/sse/c/{chat.id}/", headers=viewer.headers) as answer:
            await read_until(answer, b"event: reset")
    await eventually(lambda: all(not len(each) for each in tails._of_loop.values()))


async def read_until(answer: aiohttp.ClientResponse, wanted: bytes) -> bytes:
    text = b""
    async with asyncio.timeout(45):
        while wanted not in text:
            piece = await answer.content.readany()
            assert piece, f"the stream ended without {wanted!r}: {text!r}"
            text += piece
    return text
