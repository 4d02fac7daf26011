"""A viewer over a database file that was put back by hand, its epochs kept, and on which others talked on."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.around_backup import said
from tests.support.copied_database import copy_of, put_back
from tests.support.model_server import ModelServer
from tests.support.person import Person
from tests.support.server import ChatServer, running_server
from tests.support.viewer import Viewer
from tests.support.waiting import until

pytestmark = pytest.mark.faults


@pytest.fixture
def server(folder: Path, environment: dict[str, str]) -> Iterator[ChatServer]:
    with running_server(folder, environment=environment) as server:
        yield server


async def test_viewer_that_comes_back_after_others_talked_on_gets_a_snapshot(
    server: ChatServer, models: ModelServer, tmp_path: Path
):
    """The numbers of a copied file run on: its log is longer than what the viewer has, and not what it has."""
    models.answer("", said)
    alice = Person(server)
    conversation, run = alice.start("before")
    ended(server, run)
    copy = copy_of(server, tmp_path / "copy.sqlite3")
    ended(server, alice.ask(conversation, "lost"))
    viewer = Viewer(server.url, conversation, alice.cookies)
    at = server.log.events(conversation)[-1]
    put_back(copy, server)
    server.start()
    viewer.cursor = f"{epoch_of(server)}:{at.seq}:{at.ts}"
    viewer.seq = at.seq
    for text in ("new", "newer"):
        ended(server, alice.ask(conversation, text))
    head = server.log.events(conversation)[-1].seq
    assert head > at.seq
    await viewer.follow(lambda viewer: viewer.resets)
    assert (viewer.frames, [(reset["reason"], reset["seq"]) for reset in viewer.resets]) == ([], [("cursor", head)])
    assert "newer" in viewer.resets[0]["content"]
    assert "lost" not in viewer.resets[0]["content"]


def ended(server: ChatServer, run: str) -> None:
    until(lambda: server.log.run(run).state == "complete", "the answer is complete")


def epoch_of(server: ChatServer) -> str:
    with closing(sqlite3.connect(server.data_dir / "chatsite.sqlite3")) as database:
        [(epoch,)] = database.execute("SELECT epoch FROM streaming_stream")
    return epoch
