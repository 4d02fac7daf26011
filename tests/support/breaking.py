"""Faults of a site under load, each made good again, and for how many seconds it was felt. Knows no assertion.

Felt is: by a page of a killed web process, until its next frame; by the runs of a lost worker, until they have
ended; by everybody else, the longest time without a frame.
"""

import time
from collections.abc import Callable

from tests.support.load import Load
from tests.support.waiting import until

GIVE_UP_SECONDS = 60
OTHERS = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = current_user"
TERMINATE_OTHERS = f"SELECT count(pg_terminate_backend(pid)) {OTHERS}"

Felt = list[float]


def kill_web(load: Load) -> Felt:
    since = time.monotonic()
    load.site.webs[0].kill()
    load.wait_until_live_ones_stream(GIVE_UP_SECONDS)
    return load.back_after(since)


def kill_worker(load: Load) -> Felt:
    return _lose_worker(load, stall=False)


def stall_worker(load: Load) -> Felt:
    return _lose_worker(load, stall=True)


def kill_redis(load: Load) -> Felt:
    return _silences(load, load.site.redis.kill, load.site.redis.start)


def empty_redis(load: Load) -> Felt:
    return _silences(load, lambda: load.site.redis.ask("FLUSHALL"))


def stall_redis(load: Load) -> Felt:
    return _silences(load, load.site.redis.pause, lambda: time.sleep(10), load.site.redis.resume)


def restart_postgresql(load: Load) -> Felt:
    return _silences(load, load.site.postgresql.stop, load.site.postgresql.start)


def take_postgresql_away(load: Load) -> Felt:
    return _silences(load, load.site.postgresql.stop, lambda: time.sleep(15), load.site.postgresql.start)


def end_sessions(load: Load) -> Felt:
    return _silences(load, lambda: load.site.query(TERMINATE_OTHERS))


FAULTS: dict[str, Callable[[Load], Felt]] = {
    "web process killed": kill_web,
    "stream worker killed": kill_worker,
    "stream worker stopped past its lease": stall_worker,
    "Redis killed and started empty": kill_redis,
    "Redis emptied": empty_redis,
    "Redis stopped for 10 s": stall_redis,
    "PostgreSQL restarted": restart_postgresql,
    "PostgreSQL away for 15 s": take_postgresql_away,
    "PostgreSQL's sessions ended": end_sessions,
}


def fault(load: Load, name: str) -> Felt:
    """Do it, make the site whole again, and have every conversation stream again."""
    felt = FAULTS[name](load)
    load.site.mend()
    load.ask_again()
    load.wait_until_all_stream(GIVE_UP_SECONDS)
    return felt


def _lose_worker(load: Load, *, stall: bool) -> Felt:
    victim = load.site.streams[0]
    left, felt, since = load.site.runs_on(victim), [], time.monotonic()
    if stall:
        victim.pause()
    else:
        victim.kill()
    deadline = since + GIVE_UP_SECONDS
    while left and time.monotonic() < deadline:
        still = load.site.runs_on(victim)
        felt += [time.monotonic() - since] * len(left - still)
        left &= still
        time.sleep(0.05)
    if left:
        raise TimeoutError(f"{len(left)} runs of a lost worker did not end within {GIVE_UP_SECONDS} s")
    return felt


def _silences(load: Load, *steps: Callable[[], object]) -> Felt:
    since = time.monotonic()
    for step in steps:
        step()
    load.wait_until_live_ones_stream(GIVE_UP_SECONDS)
    until(lambda: time.monotonic() - since > 3, "a moment has passed")
    return load.silences(since)
