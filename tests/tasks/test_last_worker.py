"""The only worker dies: the web process ends what no other engine is left to end."""

import signal
import time
from collections.abc import Iterator

import pytest

from deploy.cluster.product import Web
from tests.support.work_site import WorkSite

pytestmark = [pytest.mark.hosted, pytest.mark.faults]
RUN_SECONDS = 3 * 10.0  # three times the goal: this machine has other work too


@pytest.fixture(autouse=True)
def web(site: WorkSite) -> Iterator[Web]:
    web = Web("web", folder=site.folder, environment=site.environment)
    yield web.start()
    web.kill()


def test_task_ends_though_no_other_worker_is_alive(site: WorkSite) -> None:
    worker = site.work_worker(1)
    run = site.start("steps", "steps=6000")
    said = site.spoken(run).text
    killed = time.monotonic()
    worker.send(signal.SIGKILL)  # the main process alone
    task = site.ended(run, seconds=2 * RUN_SECONDS)
    assert time.monotonic() - killed <= RUN_SECONDS
    assert (task.state, task.ends) == ("interrupted", ["interrupted"])
    assert task.text.startswith(said)


def test_task_ends_though_the_whole_worker_is_gone(site: WorkSite) -> None:
    worker = site.work_worker(1)
    run = site.start("steps", "steps=6000")
    site.spoken(run)
    killed = time.monotonic()
    worker.kill()
    task = site.ended(run, seconds=2 * RUN_SECONDS)
    assert time.monotonic() - killed <= RUN_SECONDS
    assert (task.state, task.ends) == ("interrupted", ["interrupted"])
