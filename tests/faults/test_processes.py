"""Processes of the site are killed, stalled and replaced while twenty conversations stream through it."""

import time

import pytest

from tests.support.chat_page import ChatPage
from tests.support.hosted import Site
from tests.support.load import Load, page_has
from tests.support.log_reader import Answer
from tests.support.waiting import until

pytestmark = [pytest.mark.faults, pytest.mark.hosted, pytest.mark.browser, pytest.mark.timeout(240)]
PAGE_SECONDS = 3 * 2.0  # three times the goal, here and below: this machine has other work too
RUN_SECONDS = 3 * 10.0


def only_these_were_interrupted(load: Load, lost: set[str]) -> list[Answer]:
    """Let the others end; all answers."""
    answers = load.finish()
    assert lost
    assert {answer.run for answer in answers if answer.terminal == "interrupted"} == lost
    assert {answer.terminal for answer in answers if answer.run not in lost} <= {"complete"}
    return answers


def test_a_killed_web_process_holds_its_pages_up_for_a_moment(cluster: Site, load: Load, page: ChatPage):
    killed = time.monotonic()
    cluster.webs[0].kill()
    load.wait_until_all_stream()
    back = load.back_after(killed)
    cluster.webs[0].start()
    answers = load.finish()
    assert {answer.terminal for answer in answers} == {"complete"}
    assert back, "no viewer was on the process that was killed"
    assert max(back) <= PAGE_SECONDS
    page_has(page, answers)


def test_runs_of_a_killed_worker_end_and_all_others_go_on(cluster: Site, load: Load, page: ChatPage):
    victim = cluster.busiest()
    lost = cluster.runs_on(victim)
    victim.kill()
    until(lambda: not cluster.runs_on(victim), "the runs of the dead worker have ended", seconds=RUN_SECONDS)
    page_has(page, only_these_were_interrupted(load, lost))


def test_a_worker_that_stood_still_past_its_lease_writes_nothing_any_more(cluster: Site, load: Load, page: ChatPage):
    victim = cluster.busiest()
    lost = cluster.runs_on(victim)
    victim.pause()
    until(lambda: not cluster.runs_on(victim), "the runs of the stalled worker have ended", seconds=RUN_SECONDS)
    before = {each: len(cluster.log.events(each)) for each in load.conversations}
    victim.resume()
    load.wait_until_quiet(lost)
    answers = only_these_were_interrupted(load, lost)
    after = {each: len(cluster.log.events(each)) for each in load.conversations}
    taken = {each for each in before if cluster.log.runs(each)[0].id in lost}
    assert {each: after[each] for each in taken} == {each: before[each] for each in taken}
    page_has(page, answers)


def test_a_worker_that_stands_still_in_a_transaction_does_not_hold_up_its_runs_end(cluster: Site, load: Load):
    """Its locks are on the streams of its runs, and whoever takes them over needs those."""
    victim = cluster.busiest()
    lost = cluster.runs_on(victim)
    stall_in_a_transaction(cluster, victim)
    until(lambda: not cluster.runs_on(victim), "the runs of the stalled worker have ended", seconds=RUN_SECONDS)
    victim.resume()
    only_these_were_interrupted(load, lost)


def stall_in_a_transaction(cluster: Site, victim) -> None:
    sql = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
    for _ in range(400):
        victim.pause()
        time.sleep(0.01)  # what the others are at is over then
        if all(cluster.query(sql)[0][0] for _ in range(4)):
            return
        victim.resume()
        time.sleep(0.007)
    raise AssertionError("the worker was never caught in a transaction")


@pytest.mark.long
@pytest.mark.timeout(400)  # each worker may drain for half a minute
def test_everything_is_replaced_in_turn(cluster: Site, load: Load, page: ChatPage):
    for process in (*cluster.webs, *cluster.streams, *cluster.work, *([cluster.beat] if cluster.beat else [])):
        process.end()
        process.start()
    load.wait_until_viewers_are_there()
    answers = load.finish()
    assert {answer.terminal for answer in answers} <= {"complete", "interrupted"}
    page_has(page, answers)
