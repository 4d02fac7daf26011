"""RabbitMQ as the broker: it wakes, is killed, stands still and comes back; what is asked is answered all the time."""

import time
from collections.abc import Iterator

import pytest

from deploy.cluster.cluster import Layout
from deploy.cluster.process import Process
from tests.support.hosted import Site, running_site
from tests.support.model_server import ModelServer
from tests.support.person import Person
from tests.support.rabbitmq_process import RabbitMQ
from tests.support.readiness import readiness
from tests.support.scripts import Script, spoken
from tests.support.waiting import until
from tests.support.work_site import WorkSite

pytestmark = [pytest.mark.faults, pytest.mark.hosted, pytest.mark.long]
LOOK_SECONDS = 3 * 2.0  # three times the goal: this machine has other work too
BACK_SECONDS = 80.0  # Celery tries to reach a broker each 2 s at first, and each 30 s after some minutes
WORDS = [f"w{number:05d} " for number in range(1, 20)]
LAYOUT = Layout(webs=1, streams=1, work=1, beat=False, nginx=False)


@pytest.fixture(scope="module")
def broker() -> Iterator[RabbitMQ]:
    with RabbitMQ() as broker:
        yield broker


@pytest.fixture(scope="module")
def site_models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        server.answer("", Script(spoken(WORDS)))
        yield server


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, broker: RabbitMQ, site_models: ModelServer) -> Iterator[Site]:
    environment = {
        "OPENAI_BASE_URL": site_models.openai_url,
        "OPENAI_API_KEY": "test-key",
        "CELERY_BROKER_URL": broker.url,
        "CHATSITE_AGENT_MODULES": "tests.support.work_agents",
        "CHATSITE_LOG_LEVEL": "debug",  # who was woken says so there
    }
    with running_site(tmp_path_factory.mktemp("site"), environment, LAYOUT) as site:
        yield site


@pytest.fixture(scope="module")
def alice(whole: Site) -> Person:
    return Person(whole)


@pytest.fixture
def site(whole: Site, broker: RabbitMQ) -> Iterator[Site]:
    yield whole
    broker.resume()
    if not broker.is_alive:
        broker.start()


def asked(site: Site, person: Person, models: ModelServer, prompt: str) -> str:
    """The run, which was asked of the model in time and is complete."""
    began = time.monotonic()
    _, run = person.start(prompt)
    assert models.wait_for_request(prompt).started - began <= LOOK_SECONDS
    until(lambda: site.log.run(run).state == "complete", "it is complete")
    return run


def was_woken(worker: Process, run: str) -> bool:
    return any("woken" in line and run in line for line in worker.output.splitlines())


def back(site: Site, person: Person, models: ModelServer) -> None:
    """All is well, and a message wakes whoever it is meant for; nobody was started anew."""
    until(lambda: readiness(site.webs[0].url)[0] == "ready", "it is told that all is well", seconds=BACK_SECONDS)
    numbers = iter(range(1000))
    until(
        lambda: was_woken(site.streams[0], asked(site, person, models, f"again {time.monotonic()} {next(numbers)}")),
        "messages arrive again",
        seconds=BACK_SECONDS,
        every=0.5,
    )


def test_a_prompt_and_a_task_arrive_by_message(site: Site, alice: Person, site_models: ModelServer):
    assert readiness(site.webs[0].url) == (
        "ready",
        dict.fromkeys(("database", "doorbell", "engines", "queue", "broker"), "ok"),
    )
    for number in range(5):
        run = asked(site, alice, site_models, f"by message {number}")
        until(lambda run=run: was_woken(site.streams[0], run), "a message has come")
    tasks = WorkSite(site)
    task = tasks.start("steps", "steps=5", "pause=0.01")
    assert tasks.ended(task).text == "1 2 3 4 5 "
    until(lambda: was_woken(site.work[0], task), "a message has come for the task too")


@pytest.mark.parametrize("fault", ["killed", "stands still"])
def test_prompts_are_taken_while_it_is_away_and_messages_arrive_when_it_is_back(
    site: Site, broker: RabbitMQ, alice: Person, site_models: ModelServer, fault: str
):
    (broker.kill if fault == "killed" else broker.pause)()
    for number in range(5):
        asked(site, alice, site_models, f"{fault} {number}")
    until(lambda: readiness(site.webs[0].url)[1]["broker"] == "away", "it is told that the broker is away")
    status, checks = readiness(site.webs[0].url)
    assert status == "degraded"
    assert {name for name, found in checks.items() if found != "ok"} == {"broker"}
    (broker.start if fault == "killed" else broker.resume)()
    back(site, alice, site_models)
