"""PostgreSQL goes away, or its answer to COMMIT does: no run is lost, no token is lost or doubled."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import checker
from tests.support.engine_process import ask
from tests.support.hosted import Site, running_stores
from tests.support.model_server import ModelServer
from tests.support.scripts import Gate, Script, spoken
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import until

pytestmark = [pytest.mark.faults, pytest.mark.hosted]
AWAY_SECONDS = 15
WORDS = [f"w{number:05d} " for number in range(1, 301)]


@pytest.fixture
def site(folder: Path, environment: dict[str, str]) -> Iterator[Site]:
    with running_stores(folder, environment) as site:
        yield site


def verify(site: Site, models: ModelServer, prompt: str, conversation: str) -> None:
    [answer] = site.log.checked(conversation)
    assert answer.terminal == "complete"
    checker.log_holds(answer, models.wait_for_request(prompt), whole=True)
    assert len(models.for_prompt(prompt)) == 1


@pytest.mark.long  # fifteen seconds of waiting, and two workers
def test_database_away_for_fifteen_seconds_loses_no_run(site: Site, models: ModelServer):
    site.add_worker()
    site.add_worker()  # a second engine must not take the first one for dead
    gate = Gate()
    models.answer("go away", Script([*spoken(WORDS[:30]), gate, *spoken(WORDS[30:], pause=0.06)]))
    run, conversation = ask(site.folder, site.environment, "go away")
    until(lambda: "w00020" in site.log.text_of(run, conversation), "the first words are in the log")
    gate.open()
    site.postgresql.stop()
    time.sleep(AWAY_SECONDS)  # the fault itself
    site.postgresql.start()
    until(lambda: site.log.run(run).state == "complete", "the answer is complete", seconds=40)
    verify(site, models, "go away", conversation)


def test_a_commit_whose_answer_is_lost_is_not_repeated(site: Site, models: ModelServer):
    proxy = TcpProxy(site.postgresql.port)
    try:
        site.environment["DATABASE_URL"] = site.environment["DATABASE_URL"].replace(
            f":{site.postgresql.port}/", f":{proxy.port}/"
        )
        site.add_worker()
        gate = Gate()
        models.answer("unknown outcome", Script([*spoken(WORDS[:10]), gate, *spoken(WORDS[10:])]))
        run, conversation = ask(site.folder, site.environment, "unknown outcome")
        until(lambda: "w00005" in site.log.text_of(run, conversation), "the first words are in the log")
        proxy.cut_every = 5
        proxy.cut_answer_to = b"COMMIT"
        gate.open()
        until(lambda: site.log.run(run).state == "complete", "the answer is complete", seconds=60)
        assert proxy.answers_cut >= 5
        verify(site, models, "unknown outcome", conversation)
    finally:
        proxy.close()
