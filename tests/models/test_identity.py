"""Identifiers grow with time, in one thread and in many."""

import threading

from streaming.models.identity import new_epoch, new_id


def test_ids_of_a_process_sort_as_they_were_made():
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {len(each) for each in made} == {32}


def test_ids_are_made_by_many_threads_without_a_repeat():
    made: list[list[str]] = [[] for _ in range(8)]

    def make(into: list[str]) -> None:
        into += [new_id() for _ in range(5_000)]

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each for into in made for each in into}) == 40_000
    assert all(into == sorted(into) for into in made)


def test_ids_outlive_the_numbers_of_a_millisecond(monkeypatch):
    from streaming.models import identity

    monkeypatch.setattr(identity.time, "time_ns", lambda: 10**18)
    made = [new_id() for _ in range(70_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_epochs_differ():
    assert len({new_epoch() for _ in range(1000)}) == 1000
