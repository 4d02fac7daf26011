"""Workers of the queue of streams that are told to end in the middle of answers."""

import signal
from collections.abc import Iterator

import pytest

from deploy.cluster.process import Process
from tests.support.engine_process import ask
from tests.support.hosted import running_stores
from tests.support.model_server import ModelServer
from tests.support.scripts import Delta, Gate, Script, Silence
from tests.support.waiting import until
from tests.support.work_site import WorkSite

pytestmark = [pytest.mark.hosted, pytest.mark.faults]
STREAMS = ("-Q", "streams", "-P", "threads", "-c", "2")


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, models: ModelServer) -> Iterator[WorkSite]:
    environment = {"OPENAI_BASE_URL": models.openai_url, "OPENAI_API_KEY": "test-key"}
    with running_stores(tmp_path_factory.mktemp("site"), environment) as hosted:
        site = WorkSite(hosted)
        yield site
        site.close()


def asked(site: WorkSite, text: str) -> str:
    run, _ = ask(site.folder, site.environment, text)
    return run


def told_to_end(worker: Process) -> None:
    worker.send(signal.SIGTERM)


def test_answers_end_while_it_drains_and_new_ones_wait_for_the_next_worker(site: WorkSite, models: ModelServer) -> None:
    gate = Gate()
    models.answer("drained", Script([Delta("first "), gate, Delta("last")]))
    models.answer("queued", Script([Delta("by the next one")]))
    leaving = site.worker(*STREAMS, engines=1, CHATSITE_DRAIN_SECONDS="60")
    run = asked(site, "drained")
    site.spoken(run)
    told_to_end(leaving)
    until(lambda: "draining; runs left: 1" in leaving.output, "it says what is left")
    late = asked(site, "queued")
    gate.open()
    assert site.ended(run).text == "first last"
    assert leaving.wait(60) == 0
    assert site.task(late).state == "queued"
    next_one = site.worker(*STREAMS, engines=1)
    assert site.ended(late).state == "complete"
    next_one.kill()


def test_what_is_left_is_handed_over_at_the_second_signal(site: WorkSite, models: ModelServer) -> None:
    models.answer("spoke", Script([Delta("kept"), Silence()]))
    gate = Gate()
    models.answer("silent", lambda exchange: Script([Silence() if exchange.number == 1 else gate, Delta("answer")]))
    leaving = site.worker(*STREAMS, engines=1, CHATSITE_DRAIN_SECONDS="60")
    spoke, silent = asked(site, "spoke"), asked(site, "silent")
    site.spoken(spoke)
    models.wait_for_request("silent")
    staying = site.worker(*STREAMS, engines=1)
    told_to_end(leaving)
    until(lambda: "draining; runs left: 2" in leaving.output, "it says what is left")
    given_up = site.given_up()
    told_to_end(leaving)
    interrupted = site.ended(spoke)
    assert site.given_up() == given_up + 1, "nobody waited for its lease to expire"
    assert (interrupted.state, interrupted.text) == ("interrupted", "kept")
    models.wait_for_request("silent", count=2)
    gate.open()
    again = site.ended(silent)
    assert (again.state, again.attempt, again.text) == ("complete", 2, "answer")
    assert leaving.wait(60) == 0
    assert staying.is_alive
