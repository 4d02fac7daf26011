import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cluster.postgresql import Postgresql
from deploy.cluster.process import free_port
from tests.support.server import ChatServer, manage, tried

pytestmark = pytest.mark.hosted

SNAPSHOT = """
from django.db import connections, transaction
from django.db.utils import InternalError
from streaming.models import Person
with transaction.atomic(using="reader"):
    before = Person.objects.using("reader").count()
    Person.objects.create(username="late")
    during = Person.objects.using("reader").count()
after = Person.objects.using("reader").count()
try:
    Person.objects.using("reader").create(username="never")
    refused = "written"
except InternalError as error:
    refused = str(error).split(":")[0].strip()
print("RESULT", after - before, during - before, refused)
"""
HOSTILE = """
from django.test import Client
from streaming.models import Connection, Person
staff = Person.objects.create(username="staff", is_staff=True, is_superuser=True)
client = Client(SERVER_NAME="localhost", raise_request_exception=False)
client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
gets = ["/c/a%00b/", "/sse/c/a%00b/", "/chats/?before=2026-01-01T00:00:00%2B00:00%20a%00"]
posts = ["/c/a%00b/prompts/", "/messages/a%00b/remove/", "/runs/a%00b/stop/", "/setup/connections/a%00b/remove/"]
codes = [client.get(path).status_code for path in gets] + [client.post(path).status_code for path in posts]
key = client.post("/prompts/", {"text": "hi", "key": "a\\x00b"}).status_code
print("RESULT", *codes, key)
"""

FORGET_TOGETHER = """
import threading
from streaming.events import ConversationChanged
from streaming.log import append_events, forget_before, position, prepare, retain
from streaming.models import Event, Stream
from django.db import connection, transaction
stream = Stream.objects.create()
with transaction.atomic():
    append_events(stream.pk, [prepare(ConversationChanged(title=str(n)), ts=1000 + n) for n in range(1200)])
read, go_on, leading = threading.Event(), threading.Event(), retain._leading

def slowly(rows, ts):
    if threading.current_thread().name == "slow" and not read.is_set():
        read.set()
        go_on.wait(30)
    return leading(rows, ts)

def forget():
    forget_before(stream.pk, 2100)
    connection.close()

retain._leading = slowly
slow, quick = threading.Thread(target=forget, name="slow"), threading.Thread(target=forget)
slow.start()
read.wait(30)
quick.start()
quick.join(0.5)
go_on.set()
slow.join()
quick.join()
print("RESULT", position(stream.pk).first_seq, Event.objects.filter(stream=stream).order_by("seq").first().seq)
"""


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Postgresql]:
    with Postgresql() as process:
        yield process


def test_postgresql_is_migrated_once_by_servers_that_start_together(postgresql: Postgresql, tmp_path: Path) -> None:
    servers = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        servers.append(ChatServer(folder, environment={"DATABASE_URL": postgresql.url}))
    try:
        for server in servers:
            server.launch()
        for server in servers:
            server.wait_until_ready()
        steps = ["Setting up the database" in server.output for server in servers]
        assert sorted(steps) == [False, True]
        sign_in = [server.output.count("/accounts/first/") for server in servers]
        assert sign_in == [1, 1]
    finally:
        for server in servers:
            server.stop()


def test_postgresql_reader_keeps_one_view_and_cannot_write(postgresql: Postgresql, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": postgresql.url}
    manage(tmp_path, "migrate", "--verbosity", "0", environment=environment)
    printed = manage(tmp_path, "shell", "--verbosity", "0", "-c", SNAPSHOT, environment=environment)
    assert "RESULT 1 0 cannot execute INSERT in a read-only transaction" in printed


def test_first_seq_never_moves_back(postgresql: Postgresql, tmp_path: Path) -> None:
    """Two engines forget at the same time, one of them slowly."""
    environment = {"DATABASE_URL": postgresql.url}
    manage(tmp_path, "migrate", "--verbosity", "0", environment=environment)
    printed = manage(tmp_path, "shell", "--verbosity", "0", "-c", FORGET_TOGETHER, environment=environment)
    assert "RESULT 1101 1101" in printed


def test_postgresql_is_not_asked_for_ids_that_cannot_be(postgresql: Postgresql, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": postgresql.url, "CHATSITE_LOG_LEVEL": "ERROR"}
    manage(tmp_path, "migrate", "--verbosity", "0", environment=environment)
    printed = manage(tmp_path, "shell", "--verbosity", "0", "-c", HOSTILE, environment=environment)
    assert "RESULT 404 404 200 404 404 404 404 400" in printed


def test_postgresql_that_is_away_is_named_soon(tmp_path: Path) -> None:
    away = f"postgresql://u:hunter2@127.0.0.1:{free_port()}/n"
    began = time.monotonic()
    done = tried(tmp_path, "doctor", environment={"DATABASE_URL": away})
    assert (done.returncode, "✗ database: connection failed" in done.stdout) == (1, True)
    assert "hunter2" not in done.stdout + done.stderr
    assert time.monotonic() - began < 60
