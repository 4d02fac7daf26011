"""PgBouncer between the site and PostgreSQL, in the mode where each transaction may have another session."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg
import pytest

from deploy.cluster.postgresql import Postgresql
from tests.project.test_postgresql import SNAPSHOT
from tests.support import checker
from tests.support.log_reader import LogReader
from tests.support.model_server import ModelServer
from tests.support.person import Person
from tests.support.pgbouncer_process import PgbouncerProcess
from tests.support.scripts import Script, spoken
from tests.support.server import MAKE_PEOPLE, ChatServer, manage
from tests.support.waiting import until

pytestmark = [pytest.mark.hosted, pytest.mark.long]
LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
WORDS = [f"w{number:05d} " for number in range(300)]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Postgresql]:
    with Postgresql() as process:
        yield process


@pytest.fixture(scope="module")
def pgbouncer(postgresql: Postgresql) -> Iterator[PgbouncerProcess]:
    with PgbouncerProcess(postgresql) as process:
        yield process


@pytest.fixture
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def test_processes_that_start_together_migrate_in_turn(
    postgresql: Postgresql, pgbouncer: PgbouncerProcess, tmp_path: Path
) -> None:
    servers = [ChatServer(tmp_path / name, environment={"DATABASE_URL": pgbouncer.url}) for name in ("one", "two")]
    for server in servers:
        server.data_dir.mkdir()
        server.launch()
    try:
        for server in servers:
            server.wait_until_ready()
        assert sorted("Setting up the database" in server.output for server in servers) == [False, True]
    finally:
        for server in servers:
            server.stop()
    with closing(psycopg.connect(postgresql.url)) as connection:
        assert connection.execute(LOCKS).fetchone() == (0,)


def test_reader_sees_one_snapshot(pgbouncer: PgbouncerProcess, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": pgbouncer.url}
    manage(tmp_path, "migrate", "--verbosity", "0", environment=environment)
    assert "RESULT 1 0" in manage(tmp_path, "shell", "--verbosity", "0", "-c", SNAPSHOT, environment=environment)


def test_an_answer_arrives_exactly(
    postgresql: Postgresql, pgbouncer: PgbouncerProcess, models: ModelServer, tmp_path: Path
) -> None:
    environment = {
        "DATABASE_URL": pgbouncer.url,
        "OPENAI_BASE_URL": models.openai_url,
        "OPENAI_API_KEY": "test-key",
    }
    manage(tmp_path, "migrate", "--verbosity", "0", environment=environment)
    manage(tmp_path, "shell", "--verbosity", "0", "-c", MAKE_PEOPLE, environment=environment)
    server = ChatServer(tmp_path, environment=environment).start()
    try:
        models.answer("count", Script(spoken(WORDS, pause=0.01)))
        conversation, run = Person(server).start("count")
        log = LogReader(partial(psycopg.connect, postgresql.url), "%s")
        until(lambda: log.run(run).state == "complete", "the answer is complete")
        [answer] = log.checked(conversation)
        checker.log_holds(answer, models.wait_for_request("count"), whole=True)
        assert "Traceback" not in server.output
    finally:
        server.stop()
