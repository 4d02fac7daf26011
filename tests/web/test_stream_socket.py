"""docs/delivery.md over a real server and real sockets: every message, every rule, every close code."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError

from streaming import bell, log
from streaming.chats import delete_conversation
from streaming.delivery import credit, tails
from streaming.events import AccessChanged
from streaming.models import Conversation, Event, Person, Stream
from streaming.models.database import in_database
from streaming.rendering import ConversationView
from streaming.transport.drain import Drain
from streaming.web import feed, standing, stream_socket
from tests.support.eventually import eventually
from tests.support.in_process_server import in_process_server
from tests.support.live_chat import LiveChat, at_head
from tests.support.rows import a_person
from tests.support.sessions import cookies_of
from tests.support.viewer import Viewer

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


@pytest.fixture
def url() -> str:
    return in_process_server()


@pytest.fixture
def chat(transactional_db) -> LiveChat:
    return LiveChat()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@asynccontextmanager
async def watching(viewer: Viewer, session: aiohttp.ClientSession) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A socket whose messages `viewer` takes in, all the while."""
    async with viewer.socket(session) as socket:

        async def take() -> None:
            while await viewer.take(socket):
                pass

        taking = asyncio.create_task(take())
        yield socket
        await socket.close()
        await taking


def somebody_follows() -> bool:
    """Whether a viewer has got its beginning and waits for what comes."""
    return any(held.tail._listeners for each in tails._of_loop.values() for held in each._held.values())


def text_of(viewer: Viewer) -> str:
    """What the frames have said, without their tags."""
    return re.sub(r"<[^>]+>", "", "".join(frame.get("content", "") for frame in viewer.frames))


# --- who is let in


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


# --- resuming


async def test_page_at_the_head_gets_what_comes_and_nothing_else(url, chat, session):
    viewer = await at_head(url, chat)
    async with watching(viewer, session):
        seq = await chat.say("Hello ")
        await eventually(lambda: viewer.seq == seq)
        seq = await chat.say("world.")
        await eventually(lambda: viewer.seq == seq)
    assert not viewer.resets
    assert "world." in text_of(viewer)


async def test_page_that_missed_events_gets_them_in_one_frame_and_then_what_comes(url, chat, session):
    viewer = await at_head(url, chat)
    last = [await chat.say(f"word{n} ", ring=False) for n in range(40)][-1]
    async with watching(viewer, session):
        await eventually(lambda: viewer.seq == last)
        assert len(viewer.frames) == 1
        assert all(f"word{n} " in text_of(viewer) for n in range(39))
        last = await in_database(chat.speaker.end)
        await eventually(lambda: viewer.seq == last)
    assert not viewer.resets


async def test_compacted_log_resumes_from_every_cursor(url, chat, session):
    start = await in_database(chat.head)
    for n in range(20):
        await chat.say(f"word{n} ", ring=False)
    end = await in_database(chat.speaker.end)
    cursors = [await in_database(chat.cursor, seq) for seq in range(start, end + 1)]
    await in_database(log.compact, chat.stream_id, start, end)
    for cursor in cursors[:-1]:
        viewer = Viewer(url, chat.id, chat.cookies, cursor=cursor)
        await viewer.follow(lambda viewer: viewer.seq == end, seconds=5)
        assert not viewer.resets


@pytest.mark.parametrize("how", ["", "nonsense", "epoch", "beyond", "time", "negative"])
async def test_cursor_that_proves_nothing_gives_a_snapshot(url, chat, session, how):
    await chat.say("What was said.")
    head = await in_database(chat.head)
    cursor = await in_database(chat.cursor, head)
    epoch, seq, ts = cursor.split(":")
    named = {
        "epoch": f"0000:{seq}:{ts}",
        "beyond": f"{epoch}:{head + 1}:{ts}",
        "time": f"{epoch}:{seq}:{int(ts) + 1}",
        "negative": f"{epoch}:-1:0",
    }.get(how, how)
    viewer = await at_head(url, chat)
    async with session.ws_connect(f"{url}/ws/c/{chat.id}/", headers=viewer.headers) as socket:
        assert (await socket.receive_json(timeout=5))["type"] == "hello"
        await socket.send_json({"type": "resume", "cursor": named})
        reset = await socket.receive_json(timeout=5)
    assert (reset["type"], reset["seq"], reset["cursor"]) == ("reset", head, cursor)
    assert "What was said." in reset["content"]
    assert "hx-partial" not in reset["content"]


async def test_resumed_page_and_fresh_page_are_told_the_same(url, chat, session):
    """Snapshot at N plus frames to M, against a snapshot at M: byte for byte in the renderer's tests; here by text."""
    viewer = await at_head(url, chat)
    async with watching(viewer, session):
        for n in range(30):
            await chat.say(f"w{n} ")
        last = await in_database(chat.speaker.end)
        await eventually(lambda: viewer.seq == last)
    fresh = Viewer(url, chat.id, chat.cookies)
    page = await fresh.load(session)
    assert fresh.cursor == viewer.cursor
    assert "".join(f"w{n} " for n in range(30)).strip() in re.sub(r"<[^>]+>", "", page)


# --- what a page may say


@pytest.mark.parametrize(
    "said",
    ["{", "[]", "hello", '{"type":"other"}', '{"type":"ack","seq":1}', '{"type":"ack"}', "x" * 2_000],
)
async def test_nonsense_before_resuming_is_4400(url, chat, session, said):
    viewer = await at_head(url, chat)
    async with session.ws_connect(f"{url}/ws/c/{chat.id}/", headers=viewer.headers) as socket:
        await socket.receive_json(timeout=5)
        await socket.send_str(said)
        await socket.receive(timeout=5)
        assert socket.close_code == 4400


@pytest.mark.parametrize("said", [{"type": "resume", "cursor": ""}, {"type": "ack", "seq": 10_000}])
async def test_nonsense_after_resuming_is_4400(url, chat, session, said):
    viewer = await at_head(url, chat)
    async with watching(viewer, session) as socket:
        await socket.send_json(said)
        await eventually(lambda: viewer.close_code)
    assert viewer.close_code == 4400


async def test_page_that_never_resumes_is_4400(url, chat, session, monkeypatch):
    monkeypatch.setattr(stream_socket, "RESUME_SECONDS", 0.2)
    viewer = await at_head(url, chat)
    async with session.ws_connect(f"{url}/ws/c/{chat.id}/", headers=viewer.headers) as socket:
        await socket.receive_json(timeout=5)
        await socket.receive(timeout=5)
        assert socket.close_code == 4400


# --- the flow


async def test_beats_carry_the_head(url, chat, session, monkeypatch):
    monkeypatch.setattr(feed, "BEAT_SECONDS", 0.1)
    viewer = await at_head(url, chat)
    async with watching(viewer, session):
        await eventually(lambda: len(viewer.beats) > 2)
        seq = await chat.say("more")
        await eventually(lambda: viewer.head == seq)


async def test_lost_doorbell_costs_a_second_not_an_event(url, chat, session):
    viewer = await at_head(url, chat)
    async with watching(viewer, session):
        await eventually(somebody_follows)
        last = [await chat.say(f"w{n} ", ring=n % 3 == 1) for n in range(10)][-1]
        await eventually(lambda: viewer.seq == last, seconds=4)
    assert not viewer.resets


async def test_viewer_without_credit_is_left_alone_and_later_gets_everything_folded(url, chat, session, monkeypatch):
    monkeypatch.setattr(credit, "MAX_FRAMES", 4)
    monkeypatch.setattr(stream_socket, "Credit", lambda: credit.Credit(frames=4))
    viewer = await at_head(url, chat)
    viewer.acknowledging = False
    async with watching(viewer, session) as socket:
        for n in range(100):
            last = await chat.say(f"w{n} ")
            await asyncio.sleep(0.01)
        assert len(viewer.frames) == 4
        stopped = viewer.seq
        await socket.send_json({"type": "ack", "seq": viewer.frames[0]["seq"]})
        await eventually(lambda: viewer.seq == last)
        assert len(viewer.frames) == 5
        assert viewer.frames[4]["from"] == stopped + 1
    assert set(re.findall(r"w\d+", text_of(viewer))) >= {f"w{n}" for n in range(100)}


async def test_page_that_acknowledges_nothing_is_4408(url, chat, session, monkeypatch):
    monkeypatch.setattr(credit, "ACKNOWLEDGE_SECONDS", 0.3)
    monkeypatch.setattr(stream_socket, "ACKNOWLEDGE_SECONDS", 0.1)
    viewer = await at_head(url, chat)
    viewer.acknowledging = False
    async with watching(viewer, session):
        await asyncio.sleep(0.5)  # nothing is under way, so nothing is overdue
        assert viewer.close_code is None
        await chat.say("word")
        await eventually(lambda: viewer.close_code == 4408)


async def test_person_who_reads_by_line_gets_whole_lines(url, chat, session):
    await in_database(Person.objects.filter(pk=chat.owner.pk).update, pace="line")
    viewer = await at_head(url, chat)
    async with watching(viewer, session):
        await eventually(somebody_follows)
        start = viewer.seq
        await chat.say("one ")
        await chat.say("two")
        await asyncio.sleep(0.3)
        assert viewer.seq == start
        seq = await chat.say(" three\n")
        await eventually(lambda: viewer.seq == seq, seconds=1)
        seq = await chat.say("tail")
        await eventually(lambda: viewer.seq == seq, seconds=4)
    assert len(viewer.frames) == 2


async def test_fifty_viewers_share_one_tail_and_each_has_everything(url, chat, session, monkeypatch):
    held = []
    look_at = tails.look_at
    monkeypatch.setattr(tails, "look_at", lambda ids, **how: held.append(len(ids)) or look_at(ids, **how))
    viewers = [await at_head(url, chat) for _ in range(50)]
    following = [
        asyncio.create_task(viewer.follow(lambda viewer: viewer.seq >= chat.final, seconds=20)) for viewer in viewers
    ]
    chat.final = 1 << 60
    await eventually(lambda: all(viewer.hello for viewer in viewers))
    for n in range(50):
        last = await chat.say(f"w{n} ")
        await asyncio.sleep(0.01)
    await eventually(lambda: held)
    chat.final = last
    await chat.say("end")
    await asyncio.gather(*following)
    assert all(viewer.seq >= last and not viewer.resets for viewer in viewers)
    assert set(held) == {1}


async def test_new_epoch_gives_a_snapshot_to_whoever_watches(url, chat, session):
    viewer = await at_head(url, chat)
    async with watching(viewer, session):
        seq = await chat.say("before ")
        await eventually(lambda: viewer.seq == seq)
        await in_database(Stream.objects.filter(pk=chat.stream_id).update, epoch="restored")
        bell.ring(bell.Ring(chat.stream_id, "restored", seq))
        await eventually(lambda: viewer.resets)
        assert viewer.cursor.startswith("restored:")
        seq = await chat.say("after")
        await eventually(lambda: viewer.seq == seq)


async def test_events_gone_by_retention_give_a_snapshot(url, chat, session):
    viewer = await at_head(url, chat)
    last = [await chat.say("word ", ring=False) for _ in range(5)][-1]
    await in_database(Event.objects.filter(stream_id=chat.stream_id, seq__lt=last).delete)
    await in_database(Stream.objects.filter(pk=chat.stream_id).update, first_seq=last)
    async with watching(viewer, session):
        await eventually(lambda: viewer.resets)


# --- losing access


async def test_deleted_conversation_closes_with_4404(url, chat, session):
    viewer = await at_head(url, chat)
    async with watching(viewer, session):
        await eventually(somebody_follows)
        await in_database(delete_conversation, chat.sent.message.conversation, by=chat.owner)
        await eventually(lambda: viewer.close_code == 4404, seconds=2)
    assert not viewer.frames


async def test_access_event_closes_with_4403_and_nothing_after_it_is_sent(url, chat, session):
    viewer = await at_head(url, chat)
    bob = await in_database(a_person, "bob")
    async with watching(viewer, session):
        await eventually(somebody_follows)
        await in_database(Conversation.objects.filter(pk=chat.id).update, owner=bob)
        await chat.say(AccessChanged(person=str(chat.owner.pk), granted=False), "secret")
        await eventually(lambda: viewer.close_code == 4403, seconds=2)
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
        await eventually(lambda: viewer.close_code == 4403, seconds=2)
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
        await eventually(lambda: viewer.close_code == (4403 if loss == "owner" else 4401), seconds=3)


# --- trouble


async def test_failure_of_ours_gives_a_snapshot_and_keeps_the_socket(url, chat, session, monkeypatch):
    viewer = await at_head(url, chat)
    whole, failing = ConversationView.feed, []

    def feed_once(view: ConversationView, event: object) -> None:
        if not failing:
            failing.append(event)
            raise RuntimeError("on purpose")
        whole(view, event)

    async with watching(viewer, session):
        await eventually(somebody_follows)
        before = feed.health.failures
        monkeypatch.setattr(ConversationView, "feed", feed_once)
        seq = await chat.say("word")
        await eventually(lambda: viewer.seq == seq)
        assert [reset["reason"] for reset in viewer.resets] == ["failure"]
        assert feed.health.failures == before + 1
        seq = await chat.say(" more")
        await eventually(lambda: viewer.seq == seq)
        assert viewer.close_code is None


async def test_database_that_is_away_pauses_the_viewer(url, chat, session, monkeypatch):
    viewer = await at_head(url, chat)

    def away(*_: object) -> None:
        raise OperationalError("away on purpose")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(feed, "open_view", away)
        async with watching(viewer, session):
            await eventually(lambda: {"type": "paused", "reason": "database"} in viewer.messages)
            meanwhile.undo()
            seq = await chat.say("word")
            await eventually(lambda: viewer.seq == seq)
    assert not viewer.resets


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
        await eventually(lambda: viewer.close_code == 4412, seconds=2)
        assert await refused(session, viewer) == 403


async def test_viewer_that_leaves_leaves_nothing_behind(url, chat, session):
    viewers = [await at_head(url, chat) for _ in range(5)]
    for viewer in viewers:
        async with watching(viewer, session):
            seq = await chat.say("word ")
            await eventually(lambda viewer=viewer, seq=seq: viewer.seq == seq)
    await eventually(lambda: all(not len(each) for each in tails._of_loop.values()))
