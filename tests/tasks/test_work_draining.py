"""A work worker that is told to end, one that starts without its broker, and beat."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.cluster.process import ROOT
from tests.support.server import manage
from tests.support.waiting import until
from tests.support.work_site import WorkSite

pytestmark = [pytest.mark.hosted, pytest.mark.faults]

AN_EXPIRED_SESSION = """
from django.contrib.sessions.models import Session
from django.utils import timezone
Session.objects.create(session_key="expired", session_data="x", expire_date=timezone.now())
"""


def test_first_signal_drains_and_the_second_hands_over_at_once(site: WorkSite, tmp_path: Path) -> None:
    leaving = site.work_worker(1, CHATSITE_DRAIN_SECONDS="60")
    short = site.start("steps", "steps=9", "halt=5", f"gate={tmp_path / 'gate'}")
    site.spoken(short)
    leaving.send(signal.SIGTERM)
    until(lambda: "draining; runs left: 1" in leaving.output, "it says what is left")
    endless = site.start("steps", "steps=3")
    (tmp_path / "gate").touch()
    assert site.ended(short).state == "complete"
    leaving.wait(60)
    assert site.task(endless).state == "queued"

    hurried = site.work_worker(1, CHATSITE_DRAIN_SECONDS="60")
    assert site.ended(endless).state == "complete"
    endless = site.start("steps", "steps=6000")
    site.spoken(endless)
    site.work_worker(1)
    hurried.send(signal.SIGTERM)
    until(lambda: "draining" in hurried.output, "it drains")
    given_up = site.given_up()
    hurried.send(signal.SIGTERM)
    assert site.ended(endless).state == "interrupted"
    assert site.given_up() == given_up + 1, "nobody waited for its lease to expire"
    hurried.wait(60)


@pytest.mark.long
def test_worker_that_starts_without_its_broker_works_and_finds_the_broker_later(site: WorkSite) -> None:
    for worker in site.workers:
        worker.kill()
    site.redis.kill()
    try:
        worker = site.work_worker(1)
        assert site.ended(site.start("steps", "steps=2")).state == "complete"
    finally:
        site.redis.start()
    manage(site.folder, "shell", "-v", "0", "-c", AN_EXPIRED_SESSION, environment=site.environment)
    beat = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "tests.support.fast_beat", "beat"],
        cwd=ROOT,
        env=site.environment,
        stdout=(site.folder / "beat.log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        until(lambda: not site.sessions(), "beat has the expired session removed by the worker")
    finally:
        beat.kill()
        beat.wait(30)
    assert worker.is_alive


def test_wake_up_of_a_process_that_is_no_worker_reaches_the_broker(site: WorkSite) -> None:
    for worker in site.workers:
        worker.kill()
    site.redis.kill()
    site.redis.start()
    site.start("steps", "steps=1")
    assert site.redis.ask("LLEN work") == b":1\r\n"
