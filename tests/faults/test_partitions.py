"""The network between two machines carries nothing for a while, and tells nobody, while twenty conversations stream.

Through the tests' TCP proxy, and in the long tests also in network namespaces where the machine allows them.
"""

import time
from collections.abc import Iterator

import pytest

from tests.support.chat_page import ChatPage
from tests.support.hosted import Site
from tests.support.load import Load, nothing_was_lost, only_these_were_interrupted, page_has
from tests.support.model_server import ModelServer
from tests.support.network_namespace import are_allowed
from tests.support.partition import Partition, partition
from tests.support.readiness import readiness
from tests.support.scripts import Script, spoken
from tests.support.waiting import until

pytestmark = [pytest.mark.faults, pytest.mark.hosted, pytest.mark.browser]
LOOK_SECONDS = 3 * 2.0  # three times the goal, here and below: this machine has other work too
RUN_SECONDS = 3 * 10.0
CUT_OFF_SECONDS = 60 + 30  # an engine waits a minute for its database, after it has found that it is away
WORDS = [f"w{number:05d} " for number in range(1, 20)]
NAMESPACE = "namespace"
# A new cable is a change of network for every Chromium of this machine, which then ends its requests.
ALONE = pytest.param(NAMESPACE, marks=[pytest.mark.long, pytest.mark.alone])
WAYS = ["proxy", *([ALONE] if are_allowed() else [])]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def to_redis(cluster: Site, way: str) -> Iterator[Partition]:
    """Between the first web process and Redis."""
    with partition(cluster, cluster.webs[0], cluster.redis, way=way) as found:
        cluster.mend()
        yield found


@pytest.fixture
def to_postgresql(cluster: Site, way: str) -> Iterator[Partition]:
    """Between the first worker of streams and PostgreSQL."""
    with partition(cluster, cluster.streams[0], cluster.postgresql, way=way) as found:
        cluster.mend()
        yield found


def test_a_web_process_cut_off_from_redis(
    to_redis: Partition, cluster: Site, load: Load, page: ChatPage, site_models: ModelServer
):
    prompt = f"sent meanwhile {load.prompt}"
    site_models.answer(prompt, Script(spoken(WORDS)))
    web, cut, meanwhile = cluster.webs[0], time.monotonic(), []
    to_redis.cut()
    until(lambda: readiness(web.url)[1]["doorbell"] == "away", "it is told that the doorbell is away")
    for number in range(1, 5):  # to one web process and the other in turn
        asked = time.monotonic()
        meanwhile.append(load.person.start(prompt)[1])
        assert site_models.wait_for_request(prompt, count=number).started - asked <= LOOK_SECONDS
    load.wait_until_all_stream()
    assert max(load.silences(cut)) <= LOOK_SECONDS
    assert readiness(web.url)[0] == "degraded"
    to_redis.heal()
    until(lambda: readiness(web.url)[0] == "ready", "it is told that all is well again")
    load.wait_until_all_stream()
    nothing_was_lost(load, page)
    assert {cluster.log.run(run).state for run in meanwhile} == {"complete"}


def test_a_worker_cut_off_from_postgresql(to_postgresql: Partition, cluster: Site, load: Load, page: ChatPage):
    victim = cluster.streams[0]
    lost = cluster.runs_on(victim)
    to_postgresql.cut()
    until(lambda: not cluster.runs_on(victim), "its runs have ended", seconds=RUN_SECONDS)
    heads = {each: len(cluster.log.events(each)) for each in load.conversations}
    taken = {each for each in heads if cluster.log.runs(each)[0].id in lost}
    load.wait_until_live_ones_stream(LOOK_SECONDS)
    to_postgresql.heal()
    load.wait_until_quiet(lost, seconds=RUN_SECONDS)
    answers = only_these_were_interrupted(load, lost)
    assert {each: len(cluster.log.events(each)) for each in taken} == {each: heads[each] for each in taken}
    page_has(page, answers)


@pytest.mark.long
def test_a_worker_that_stays_cut_off_from_postgresql(
    to_postgresql: Partition, cluster: Site, load: Load, page: ChatPage, way: str
):
    """It calls no model for ever, and PostgreSQL keeps nothing for it."""
    victim = cluster.streams[0]
    lost = cluster.runs_on(victim)
    to_postgresql.cut()
    until(lambda: not cluster.runs_on(victim), "its runs have ended", seconds=RUN_SECONDS)
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE client_addr = %s"
    if way == NAMESPACE:
        until(lambda: cluster.query(sessions, to_postgresql.inside) == [(0,)], "its sessions are over", seconds=60)
    load.wait_until_quiet(lost, seconds=CUT_OFF_SECONDS)
    page_has(page, only_these_were_interrupted(load, lost))
    to_postgresql.heal()
    until(lambda: _is_alive(cluster, victim.pid), "the worker is back by itself", seconds=60)


def _is_alive(cluster: Site, pid: int) -> bool:
    sql = "SELECT count(*) FROM streaming_engine WHERE label LIKE %s AND expires_at > extract(epoch from now())"
    return cluster.query(sql, f"%:{pid}")[0][0] == 1
