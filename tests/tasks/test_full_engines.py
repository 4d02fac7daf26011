"""More prompts than two workers have room for: the rest waits in its rows, and is claimed in the order it was asked."""

from collections.abc import Iterator

import pytest

from tests.support.engine_process import ask_all
from tests.support.hosted import running_stores
from tests.support.model_server import ModelServer
from tests.support.scripts import Delta, Gate, Script
from tests.support.waiting import holds, until
from tests.support.work_site import WorkSite

pytestmark = [pytest.mark.hosted, pytest.mark.faults]
STREAMS = ("-Q", "streams", "-P", "threads", "-c", "2")
CAPACITY, WORKERS, PROMPTS = 2, 2, 10
ROOM = CAPACITY * WORKERS
# Seen by the database itself, so at every moment: after each statement, how many runs the fullest engine has.
WATCH = """
CREATE TABLE fullest (runs integer NOT NULL);
CREATE FUNCTION note_fullest() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO fullest SELECT count(*) FROM streaming_run WHERE state IN ('running', 'waiting')
        AND engine_id IS NOT NULL GROUP BY engine_id ORDER BY 1 DESC LIMIT 1;
    RETURN NULL;
END $$;
CREATE TRIGGER note_fullest AFTER UPDATE ON streaming_run FOR EACH STATEMENT EXECUTE FUNCTION note_fullest();
"""
FULLEST = "SELECT max(runs) FROM fullest"


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, models: ModelServer) -> Iterator[WorkSite]:
    environment = {"OPENAI_BASE_URL": models.openai_url, "OPENAI_API_KEY": "test-key"}
    with running_stores(tmp_path_factory.mktemp("site"), environment) as hosted:
        hosted.query(WATCH)
        site = WorkSite(hosted)
        yield site
        site.close()


def test_what_full_engines_have_no_room_for_waits_and_is_claimed_in_its_order(site: WorkSite, models: ModelServer):
    prompts = [f"prompt {number:02d}" for number in range(PROMPTS)]
    gates = {prompt: Gate() for prompt in prompts}
    models.answer("", lambda exchange: Script([Delta("begun "), gates[exchange.prompt], Delta("ended")]))
    for _ in range(WORKERS):
        site.worker(*STREAMS, engines=1, CHATSITE_ENGINE_CAPACITY=str(CAPACITY))
    runs = [run for run, _ in ask_all(site.folder, site.environment, prompts)]

    def at_the_model() -> list[str]:
        return [exchange.prompt for exchange in list(models.exchanges)]

    until(lambda: len(at_the_model()) == ROOM, "every engine is full")
    assert sorted(at_the_model()) == prompts[:ROOM]
    holds(lambda: len(at_the_model()) == ROOM, "the others wait", seconds=2)
    assert [site.task(run).state for run in runs] == ["running"] * ROOM + ["queued"] * (PROMPTS - ROOM)

    # The newest ends first: whose engine has room then is chance, whose turn it is is not.
    for number in range(ROOM, PROMPTS):
        gates[at_the_model()[-1]].open()
        until(lambda number=number: len(at_the_model()) == number + 1, "the next one is claimed")
        assert at_the_model()[-1] == prompts[number]
    for gate in gates.values():
        gate.open()
    ended = [site.ended(run) for run in runs]
    assert [(task.state, task.attempt, task.text) for task in ended] == [("complete", 1, "begun ended")] * PROMPTS
    assert site.query(FULLEST) == [(CAPACITY,)]
