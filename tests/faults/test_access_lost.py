"""Access taken away while sockets and event streams are open and an answer streams, on PostgreSQL and two processes.

What may be sent ends in the log: with the deletion or the `access` event. What SQL alone takes away is seen by the
check after ten seconds.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing

import psycopg
import pytest

from tests.support import corpus
from tests.support.eventually import eventually
from tests.support.hosted import Site, running_site
from tests.support.model_server import ModelServer
from tests.support.person import Person
from tests.support.scripts import Script, spoken
from tests.support.server import manage
from tests.support.viewer import Viewer

pytestmark = [pytest.mark.hosted, pytest.mark.faults, pytest.mark.long]
CHECKED_WITHIN = 3 * 10.0  # seconds: three times the contract; this machine has other work too

GIVE_AWAY = """
from django.db import transaction
from streaming import log
from streaming.events import AccessChanged
from streaming.models import Conversation, Person
chat, bob = Conversation.objects.get(pk="{conversation}"), Person.objects.get(username="bob")
with transaction.atomic():
    Conversation.objects.filter(pk=chat.pk).update(owner=bob)
    log.append_events(chat.stream_id, [log.prepare(AccessChanged(person=str(chat.owner_id), granted=False), ts=1)])
"""
DELETE = """
from streaming.chats import delete_conversation
from streaming.models import Conversation
chat = Conversation.objects.get(pk="{conversation}")
delete_conversation(chat, by=chat.owner)
"""
END_SESSIONS = """
from streaming.access.sessions import end_other_sessions
from streaming.models import Conversation
assert end_other_sessions(Conversation.objects.get(pk="{conversation}").owner, but="")
"""
DEACTIVATE = """
from streaming.access.people import deactivate
from streaming.models import Conversation, Person
deactivate(Conversation.objects.get(pk="{conversation}").owner, by=Person.objects.get(username="alice"))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    models = ModelServer()
    models.answer("", Script(spoken(corpus.prose("endless", 6000), pause=0.02)))
    environment = {"OPENAI_BASE_URL": models.openai_url, "OPENAI_API_KEY": "test-key"}
    with running_site(tmp_path_factory.mktemp("site"), environment) as site:
        yield site
    models.close()


@pytest.fixture
def alice(site: Site) -> Person:
    return Person(site)


@asynccontextmanager
async def viewers(alice: Person, conversation: str) -> AsyncIterator[tuple[Viewer, Viewer]]:
    """One over a socket, one over an event stream, both in the middle of the answer. At the end both are shut out."""
    socket, sse = (Viewer(alice.server.url, conversation, alice.cookies) for _ in range(2))
    async with asyncio.timeout(100), asyncio.TaskGroup() as group:
        for following in (socket.follow, sse.follow_sse):
            group.create_task(following(lambda _: False, seconds=100))
        await eventually(lambda: all(len(viewer.frames) > 3 for viewer in (socket, sse)), "the answer streams to both")
        yield socket, sse


async def run(site: Site, code: str, conversation: str) -> None:
    """In a third process."""
    arguments = ("shell", "-v0", "-c", code.format(conversation=conversation))
    await asyncio.to_thread(manage, site.folder, *arguments, environment=site.environment)


def execute(site: Site, sql: str) -> None:
    with closing(psycopg.connect(site.postgresql.url)) as database, database:
        database.execute(sql)


def seq_of(site: Site, conversation: str, is_end: Callable[[object], bool]) -> int:
    return next(event.seq for event in site.log.events(conversation) if is_end(event))


async def test_nothing_after_the_deletion_is_sent(site: Site, alice: Person):
    conversation, _ = alice.start("delete me")
    async with viewers(alice, conversation) as (socket, sse):
        await run(site, DELETE, conversation)
    end = seq_of(site, conversation, lambda event: event.type == "conversation" and event.data.get("deleted"))
    assert socket.close_code == 4404
    assert max(socket.seq, sse.seq) < end


async def test_nothing_after_an_access_event_is_sent(site: Site, alice: Person):
    conversation, _ = alice.start("give me away")
    async with viewers(alice, conversation) as (socket, sse):
        await run(site, GIVE_AWAY, conversation)
    end = seq_of(site, conversation, lambda event: event.type == "access")
    assert socket.close_code == 4403
    assert max(socket.seq, sse.seq) < end


@pytest.mark.parametrize(("how", "code"), [(END_SESSIONS, 4401), (DEACTIVATE, 4410)], ids=["sessions", "account"])
async def test_nothing_after_sessions_or_the_account_ended_is_sent(site: Site, how: str, code: int):
    bob = Person(site, "bob")
    conversation, _ = bob.start("end what lets me in")
    async with viewers(bob, conversation) as (socket, sse):
        await run(site, how, conversation)
        await eventually(lambda: socket.close_code, "it ends")
    execute(site, "UPDATE streaming_person SET is_active = true")
    loss = seq_of(site, conversation, lambda event: event.type == "access")
    assert site.log.events(conversation)[-1].seq > loss
    assert socket.close_code == code
    assert max(socket.seq, sse.seq) < loss


async def test_loss_that_no_event_tells_ends_both_in_time(site: Site, alice: Person):
    bob = Person(site, "bob")
    hers, _ = alice.start("end my session")
    his, _ = bob.start("close my account")
    loop = asyncio.get_running_loop()
    async with viewers(alice, hers) as (her_socket, _), viewers(bob, his) as (his_socket, _):
        execute(site, "UPDATE streaming_person SET is_active = false WHERE username = 'bob'")
        execute(site, f"DELETE FROM django_session WHERE session_key = '{alice.cookies['sessionid']}'")
        lost_at = loop.time()
    assert loop.time() - lost_at < CHECKED_WITHIN
    assert (her_socket.close_code, his_socket.close_code) == (4401, 4410)
    execute(site, "UPDATE streaming_person SET is_active = true")
