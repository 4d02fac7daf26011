"""`make cluster` and the processes under it: what starts is said, what does not is named, nothing is left."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from deploy.cluster.process import ROOT, Process, ProcessDiedError, as_ready, free_port
from deploy.cluster.product import Worker
from deploy.cluster.watching import Watch
from tests.support.server import clean_environment
from tests.support.waiting import until


def process(folder: Path, script: str, *, ready: bool) -> Process:
    return Process("tool", ["sh", "-c", script], folder=folder, environment=os.environ, ready=lambda: ready)


def serving(name: str, folder: Path) -> Process:
    """Serves while the file `<name>.open` is there, and cannot be started while `<name>.broken` is."""
    script = f"[ ! -e {name}.broken ] || {{ echo no room; exit 3; }}; exec sleep 60"
    command, ready = ["sh", "-c", script], (folder / f"{name}.open").exists
    return Process(name, command, folder=folder, environment=os.environ, ready=ready, options={"cwd": folder})


def test_process_that_ends_at_its_start_is_named_with_its_last_lines(tmp_path: Path):
    with pytest.raises(ProcessDiedError, match=r"tool ended by itself \(3\):\nno such database"):
        process(tmp_path, "echo no such database; exit 3", ready=False).start()


def test_process_that_never_serves_is_named(tmp_path: Path):
    mute = process(tmp_path, "echo still waiting; exec sleep 60", ready=False)
    mute.launch()
    until(lambda: "waiting" in mute.output, "it has begun")
    with pytest.raises(ProcessDiedError, match=r"tool was not ready within 0.1 s:\nstill waiting"):
        mute.wait_until_ready(0.1)
    mute.kill()
    assert mute.exited == -signal.SIGKILL


def test_process_that_stands_still_or_does_not_listen_is_ended(tmp_path: Path):
    deaf = process(tmp_path, "trap '' TERM; echo deaf; while :; do sleep 0.1; done", ready=True).start()
    until(lambda: "deaf" in deaf.output, "it has begun")
    deaf.pause()
    deaf.end(0.3)
    assert not deaf.is_alive
    assert deaf.start().is_alive
    deaf.kill()


def test_process_is_killed_with_its_children(tmp_path: Path):
    parent = process(tmp_path, "sleep 60 & echo child $!; wait", ready=True).start()
    [child] = until(lambda: re.findall(r"child (\d+)", parent.output), "it has a child")
    parent.kill()
    until(lambda: not is_running(child), "its child is gone")


def test_those_that_start_together_are_told_as_soon_as_each_serves(tmp_path: Path):
    slow, quick = serving("slow", tmp_path), serving("quick", tmp_path)
    for each in (slow, quick):
        each.launch()
    (tmp_path / "quick.open").touch()
    ready = as_ready([slow, quick])
    assert next(ready) is quick
    (tmp_path / "slow.open").touch()
    assert list(ready) == [slow]
    for each in (slow, quick):
        each.kill()


def test_all_that_died_are_started_again_before_any_of_them_serves(tmp_path: Path):
    said: list[str] = []
    both = [serving("first", tmp_path), serving("second", tmp_path)]
    watch = Watch(both, said.append)
    for each in both:
        each.launch()
        each.kill()
    watch.look()
    assert all(each.is_alive for each in both)
    assert said == [f"{name} ended (-9); it is started again" for name in ("first", "second")]
    (tmp_path / "second.open").touch()
    watch.look()
    assert [line.partition(" after")[0] for line in said[2:]] == ["second serves again"]
    for each in both:
        each.kill()


def test_start_that_fails_is_said_and_tried_again(tmp_path: Path):
    said: list[str] = []
    tool = serving("tool", tmp_path)
    watch = Watch([tool], said.append)
    (tmp_path / "tool.broken").touch()

    def looked() -> str:
        watch.look()
        return said[-1]

    until(lambda: looked().endswith("(3); it is started again:\nno room\n"), "the failure is said")
    (tmp_path / "tool.broken").unlink()
    (tmp_path / "tool.open").touch()
    until(lambda: looked().startswith("tool serves again"), "it is started once more")
    tool.kill()


@pytest.mark.hosted
def test_worker_whose_broker_is_away_does_not_serve(tmp_path: Path):
    away = {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    assert not Worker("streams-1", queue="streams", folder=tmp_path, environment=away).is_ready


def is_running(pid: str) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


@pytest.mark.hosted
@pytest.mark.long
def test_cluster_says_where_it_is_starts_again_what_dies_and_leaves_nothing(tmp_path: Path):
    output = tmp_path / "printed"
    with output.open("wb") as file:
        command = [sys.executable, "-m", "deploy.cluster"]
        environment = clean_environment(tmp_path, {})
        cluster = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT)
    try:
        until(lambda: "Serving on" in output.read_text() or cluster.poll(), "the cluster serves", seconds=90)
        printed = output.read_text()
        [link] = re.findall(r"http\S+/accounts/first/\S+", printed)
        [address] = re.findall(r"Serving on (\S+)", printed)
        assert link.startswith(address)
        with urllib.request.urlopen(link, timeout=60) as page:
            assert page.status == 200
        pids = [int(pid) for pid in re.findall(r"process (\d+)", printed)]
        killed = ("streams-1", "streams-2", "redis")
        for name in killed:
            [pid] = re.findall(rf"{name} +process (\d+)", printed)
            os.kill(int(pid), signal.SIGKILL)
        serves = [f"{name} serves again" for name in killed]
        until(lambda: all(line in output.read_text() for line in serves), "all are started again", seconds=90)
    finally:
        cluster.send_signal(signal.SIGINT)
        code = cluster.wait(90)
    assert code == 0
    assert output.read_text().rstrip().endswith("Ended.")
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
    assert [path for path in re.findall(r"prints to (\S+)", printed) if Path(path).exists()] == []
