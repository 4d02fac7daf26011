"""Faults at random, round after round: nothing lost, nothing doubled, memory flat. `make soak` runs it for long."""

import os
import random
import time
from collections import Counter, defaultdict

import pytest

from benchmarks.figures import percentile
from deploy.cluster.process import Process
from tests.support.breaking import FAULTS, fault
from tests.support.hosted import Site
from tests.support.load import Load
from tests.support.model_server import ModelServer
from tests.support.person import Person

SECONDS = float(os.environ.get("SOAK_SECONDS", "120"))
CHATS = int(os.environ.get("SOAK_CHATS", "20"))
pytestmark = [pytest.mark.faults, pytest.mark.hosted, pytest.mark.long, pytest.mark.timeout(SECONDS * 2 + 300)]
FAULTS_A_ROUND = 4
# Two processes are never killed or stalled: what they hold must not grow with what they have done.
GROWTH_BYTES = 64 * 1024 * 1024


def survivors(site: Site) -> list[Process]:
    return [site.webs[1], site.streams[1]]


def test_faults_at_random(cluster: Site, site_models: ModelServer, alice: Person):
    chosen, began = random.Random(int(os.environ.get("SOAK_SEED", "1"))), time.monotonic()
    felt: dict[str, list[float]] = defaultdict(list)
    ended: Counter[str] = Counter()
    memory: list[list[int]] = []
    while time.monotonic() - began < SECONDS:
        cluster.mend()
        with Load(cluster, site_models, alice, conversations=CHATS) as load:
            for _ in range(FAULTS_A_ROUND):
                name = chosen.choice(list(FAULTS))
                felt[name] += fault(load, name)
            ended.update(answer.terminal or "another attempt" for answer in load.finish())
        site_models.exchanges.clear()
        memory.append([process.memory() for process in survivors(cluster)])
    report(cluster, felt, ended, memory, time.monotonic() - began)
    assert set(ended) <= {"complete", "interrupted", "another attempt"}
    for process, first, last in zip(survivors(cluster), memory[len(memory) // 3], memory[-1], strict=True):
        assert last - first < GROWTH_BYTES, f"{process.name} grew from {first / 1e6:.0f} to {last / 1e6:.0f} MB"


def report(site: Site, felt: dict[str, list[float]], ended: Counter[str], memory: list[list[int]], took: float) -> None:
    lines = [f"{took:.0f} s, {len(memory)} rounds of {CHATS} conversations, no violation; answers: {dict(ended)}"]
    for name, seconds in felt.items():
        if seconds:
            lines.append(f"{name}: felt p50 {percentile(seconds, 0.5):.1f} s, p99 {percentile(seconds, 0.99):.1f} s")
    for number, process in enumerate(survivors(site)):
        sizes = [each[number] / 1e6 for each in memory]
        lines.append(f"{process.name}: {', '.join(f'{size:.0f}' for size in sizes)} MB after each round")
    print("", *lines, sep="\n")  # noqa: T201 - the figures are what a soak is for
