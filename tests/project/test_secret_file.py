import multiprocessing
import stat
from pathlib import Path

from chatsite.secret_file import read_or_create_secret

PROCESSES = 8


def _race(start: object, path: Path, answers: object) -> None:
    start.wait()
    answers.put(read_or_create_secret(path))


def test_secret_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "fresh" / "secret_key"
    secret = read_or_create_secret(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(secret) >= 64
    assert [each.name for each in path.parent.iterdir()] == ["secret_key"]


def test_secret_file_keeps_its_secret(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    assert read_or_create_secret(path) == read_or_create_secret(path)
    assert read_or_create_secret(path) != read_or_create_secret(tmp_path / "other")


def test_secret_file_is_the_same_for_all_who_race_to_make_it(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    start, answers = multiprocessing.Barrier(PROCESSES), multiprocessing.Queue()
    racers = [multiprocessing.Process(target=_race, args=(start, path, answers)) for _ in range(PROCESSES)]
    for racer in racers:
        racer.start()
    secrets = {answers.get(timeout=60) for _ in racers}
    for racer in racers:
        racer.join()
    assert secrets == {path.read_text()}
    assert [each.name for each in tmp_path.iterdir()] == ["secret_key"]
