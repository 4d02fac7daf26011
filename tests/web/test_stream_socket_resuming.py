"""A page goes on from its cursor, or begins again with a snapshot, whatever went wrong meanwhile."""

import re

import pytest
from django.db import OperationalError

from streaming import bell, log
from streaming.models import Event, Stream
from streaming.models.database import in_database
from streaming.rendering import ConversationView
from streaming.web import feed
from tests.support.eventually import eventually
from tests.support.live_chat import at_head
from tests.support.viewer import Viewer
from tests.support.watching import somebody_follows, text_of, watching

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


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
        await viewer.follow(lambda viewer: viewer.seq == end)
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
        assert (await socket.receive_json(timeout=30))["type"] == "hello"
        await socket.send_json({"type": "resume", "cursor": named})
        reset = await socket.receive_json(timeout=30)
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


async def test_hole_in_the_log_gives_a_snapshot(url, chat, session):
    """However it came about: what a page is given always begins right after what it has."""
    viewer = await at_head(url, chat)
    missing = await chat.say("gone ", ring=False)
    await chat.say("there", ring=False)
    await in_database(Event.objects.filter(stream_id=chat.stream_id, seq=missing).delete)
    async with watching(viewer, session):
        await eventually(lambda: viewer.resets)
    assert not viewer.frames


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
