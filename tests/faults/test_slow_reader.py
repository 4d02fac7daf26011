"""A reader that stops reading holds bounded memory, delays nobody, and finds everything when it reads again."""

import asyncio
import time
from collections.abc import Iterator

import aiohttp
import pytest

from tests.support.model_server import ModelServer
from tests.support.person import Person
from tests.support.scripts import Gate, Script, spoken
from tests.support.server import ChatServer, running_server
from tests.support.viewer import Viewer
from tests.support.waiting import until

pytestmark = pytest.mark.faults
CREDIT_FRAMES = 64
CREDIT_BYTES = 256 * 1024
NO_ACKNOWLEDGEMENT = 4408
STOPS_SECONDS = 30


@pytest.fixture
def server(folder, environment) -> Iterator[ChatServer]:
    with running_server(folder, environment=environment) as server:
        yield server


@pytest.fixture
def person(server: ChatServer) -> Person:
    return Person(server)


def viewer_of(person: Person, conversation: str) -> Viewer:
    return Viewer(person.server.url, conversation, person.cookies)


async def loaded(viewer: Viewer) -> Viewer:
    async with aiohttp.ClientSession() as session:
        await viewer.load(session)
    return viewer


async def test_a_reader_that_does_not_acknowledge_gets_its_credit_and_no_more(
    server: ChatServer, person: Person, models: ModelServer
):
    models.answer("flood", Script([*spoken([f"w{n:05d} " for n in range(3000)]), Gate()]))
    conversation, run = await asyncio.to_thread(person.start, "flood")
    mute = await loaded(viewer_of(person, conversation))
    mute.acknowledging = False
    reading = await loaded(viewer_of(person, conversation))
    follows = asyncio.create_task(reading.follow(lambda one: "w02000" in newest(one), seconds=120))
    began = time.monotonic()
    await mute.follow(lambda _one: False, seconds=100)
    took = time.monotonic() - began
    assert mute.close_code == NO_ACKNOWLEDGEMENT
    assert 10 <= took <= 3 * 15, "it is 15 s by contract"
    assert 0 < len(mute.frames) <= CREDIT_FRAMES
    assert sum(len(frame.get("content") or "") for frame in mute.frames) <= CREDIT_BYTES + 64 * 1024
    await follows  # nobody waited for the mute one
    mute.acknowledging = True
    await asyncio.to_thread(person.stop, run)
    await asyncio.to_thread(until, lambda: server.log.run(run).state == "cancelled", "the run is stopped")
    head = len(server.log.events(conversation))
    await mute.follow(lambda one: one.seq == head)
    await reading.follow(lambda one: one.seq == head)
    assert not mute.resets


@pytest.mark.long  # the page that stands still for as long is in tests/browser/test_byte_exact.py
async def test_a_reader_that_stops_reading_for_thirty_seconds_keeps_memory_flat(
    server: ChatServer, person: Person, models: ModelServer
):
    """The socket stays open and unread; what it would have to hold is several megabytes."""
    line = "x" * 79 + "\n"
    deltas = ["```text\n", *(line * 25 for _ in range(1500)), "```\n"]
    models.answer("megabytes", Script(spoken(deltas, pause=0.02)))
    conversation, run = await asyncio.to_thread(person.start, "megabytes")
    witness = await loaded(viewer_of(person, conversation))
    stuck = await loaded(viewer_of(person, conversation))
    follows = asyncio.create_task(witness.follow(lambda one: bool(one.frames) and ended(server, run), seconds=200))
    await asyncio.sleep(2)  # warmed up: what the answer itself costs is in the base
    base = server.memory()
    peak = base
    async with aiohttp.ClientSession(read_bufsize=1024) as session, stuck.socket(session) as socket:
        stuck.acknowledging = False  # what comes out of the buffers below was sent long ago
        deadline = time.monotonic() + STOPS_SECONDS
        while time.monotonic() < deadline:  # aiohttp stops reading from a socket whose queue nobody empties
            peak = max(peak, server.memory())
            await asyncio.sleep(0.25)
        async with asyncio.timeout(60):
            while await stuck.take(socket):
                pass
    # Whether the private code still gets through to somebody who does not read is the network's affair.
    assert stuck.close_code in {NO_ACKNOWLEDGEMENT, aiohttp.WSCloseCode.ABNORMAL_CLOSURE}
    assert sum(len(frame.get("content") or "") for frame in stuck.frames) <= CREDIT_BYTES + 64 * 1024
    await follows
    head = len(server.log.events(conversation))
    stuck.acknowledging = True
    await stuck.follow(lambda one: one.seq == head, seconds=60)
    await witness.follow(lambda one: one.seq == head)
    assert stuck.seq == witness.seq == head
    grown = (peak - base) / 1e6
    print(f"\nmemory grew by {grown:.1f} MB while one reader read nothing of a 3 MB answer")  # noqa: T201 - published
    # The answer itself is in there too, as the engine and the witness hold it, with what the allocator keeps.
    assert grown < 80


def newest(viewer: Viewer) -> str:
    return (viewer.frames[-1].get("content") or "") if viewer.frames else ""


def ended(server: ChatServer, run: str) -> bool:
    return server.log.run(run).state == "complete"
