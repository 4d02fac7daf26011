"""Tasks that block, executed by the children of a real prefork worker: done, stopped, killed, hanging."""

import os
import signal
import time
from pathlib import Path

import pytest

from deploy.cluster.process import Process
from tests.support.waiting import until
from tests.support.work_site import WorkSite

pytestmark = [pytest.mark.hosted, pytest.mark.faults]
CHILDREN = 2


@pytest.fixture(scope="module")
def worker(site: WorkSite) -> Process:
    return site.work_worker(CHILDREN)


@pytest.fixture(autouse=True)
def all_children_live(site: WorkSite, worker: Process) -> None:
    """A child that a test ended has been replaced."""
    until(lambda: len(site.engines()) == CHILDREN, "every child has an engine")


def test_task_is_carried_out(site: WorkSite) -> None:
    task = site.ended(site.start("steps", "steps=5", "pause=0.01"))
    assert (task.state, task.text, task.ends) == ("complete", "1 2 3 4 5 ", ["complete"])


def test_built_in_task_measures_the_machine(site: WorkSite) -> None:
    task = site.ended(site.start("benchmark", "seconds=0.5"))
    assert task.state == "complete"
    assert "MiB/s" in task.text


def test_task_with_arguments_it_cannot_use_ends_with_an_error(site: WorkSite) -> None:
    task = site.ended(site.start("benchmark", "seconds=never"))
    assert (task.state, task.ends) == ("error", ["error"])


def test_children_work_at_the_same_time(site: WorkSite) -> None:
    runs = [site.start("steps", "steps=6000") for _ in range(CHILDREN)]
    children = {site.child_of(run) for run in runs}
    for run in runs:
        site.stop(run)
    assert [site.ended(run).state for run in runs] == ["cancelled"] * CHILDREN
    assert len(children) == CHILDREN


def test_task_that_does_not_obey_is_cancelled_and_its_process_ended(site: WorkSite) -> None:
    run = site.start("deaf")
    site.spoken(run)
    child = site.child_of(run)
    site.stop(run)
    task = site.ended(run)
    assert (task.state, task.text, task.ends) == ("cancelled", "said before ", ["cancelled"])
    until(lambda: not _lives(child), "its process has ended")


def test_killed_child_leaves_an_interrupted_task_with_its_text(site: WorkSite) -> None:
    run = site.start("steps", "steps=6000")
    said = site.spoken(run).text
    began = time.monotonic()
    os.kill(site.child_of(run), signal.SIGKILL)
    task = site.ended(run)
    assert time.monotonic() - began < 30  # the promise is 10
    assert (task.state, task.ends) == ("interrupted", ["interrupted"])
    assert task.text.startswith(said)


@pytest.mark.long
def test_killed_child_that_had_said_nothing_is_followed_by_another_attempt(site: WorkSite, tmp_path: Path) -> None:
    run = site.start("steps", "steps=3", f"gate={tmp_path / 'gate'}")
    os.kill(site.child_of(run), signal.SIGKILL)
    (tmp_path / "gate").touch()
    task = site.ended(run)
    assert (task.state, task.attempt, task.text) == ("complete", 2, "1 2 3 ")


@pytest.mark.long
def test_killed_child_of_a_resumable_agent_is_followed_by_another_attempt_whatever_was_said(
    site: WorkSite, tmp_path: Path
) -> None:
    run = site.start("anew", "steps=20", "halt=5", f"gate={tmp_path / 'gate'}")
    site.spoken(run)
    os.kill(site.child_of(run), signal.SIGKILL)
    (tmp_path / "gate").touch()
    task = site.ended(run)
    assert (task.state, task.attempt) == ("complete", 2)
    assert task.text.split() == [str(step) for step in range(1, 21)]


@pytest.mark.long
def test_task_that_holds_the_interpreter_is_interrupted_and_its_process_ended(site: WorkSite) -> None:
    children = [int(label.rpartition(":")[2]) for label in site.engines()]  # nobody says later whose run it was
    task = site.ended(site.start("hanging"))
    assert (task.state, task.text, task.ends) == ("interrupted", "said before ", ["interrupted"])
    until(lambda: not all(map(_lives, children)), "its process has ended")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
