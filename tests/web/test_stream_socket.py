"""The socket of docs/delivery.md over a real server: what a page may say, and how frames, beats and credit flow."""

import asyncio
import re

import pytest

from streaming.delivery import credit, tails
from streaming.models import Person
from streaming.models.database import in_database
from streaming.web import feed, stream_socket
from tests.support.eventually import eventually
from tests.support.live_chat import at_head
from tests.support.watching import somebody_follows, text_of, watching

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


@pytest.mark.parametrize(
    "said",
    ["{", "[]", "hello", '{"type":"other"}', '{"type":"ack","seq":1}', '{"type":"ack"}', "x" * 2_000],
)
async def test_nonsense_before_resuming_is_4400(url, chat, session, said):
    viewer = await at_head(url, chat)
    async with session.ws_connect(f"{url}/ws/c/{chat.id}/", headers=viewer.headers) as socket:
        await socket.receive_json(timeout=30)
        await socket.send_str(said)
        await socket.receive(timeout=30)
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
        await socket.receive_json(timeout=30)
        await socket.receive(timeout=30)
        assert socket.close_code == 4400


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
        await eventually(lambda: viewer.seq == last)
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
        await eventually(lambda: len(viewer.frames) == 4, "it got its credit")
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
        await eventually(lambda: viewer.seq == seq)
        seq = await chat.say("tail")
        await eventually(lambda: viewer.seq == seq)
    assert len(viewer.frames) == 2


async def test_fifty_viewers_share_one_tail_and_each_has_everything(url, chat, session, monkeypatch):
    held = []
    look_at = tails.look_at
    monkeypatch.setattr(tails, "look_at", lambda ids, **how: held.append(len(ids)) or look_at(ids, **how))
    viewers = [await at_head(url, chat) for _ in range(50)]
    following = [
        asyncio.create_task(viewer.follow(lambda viewer: viewer.seq >= chat.final, seconds=90)) for viewer in viewers
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


async def test_viewer_that_leaves_leaves_nothing_behind(url, chat, session):
    viewers = [await at_head(url, chat) for _ in range(5)]
    for viewer in viewers:
        async with watching(viewer, session):
            seq = await chat.say("word ")
            await eventually(lambda viewer=viewer, seq=seq: viewer.seq == seq)
    await eventually(lambda: all(not len(each) for each in tails._of_loop.values()))
