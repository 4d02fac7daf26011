"""The checker is only worth something if it fails on a dropped, a repeated and a swapped event."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import checker, corpus
from tests.support.log_reader import LogBrokenError, LogReader

DELTAS = [f"w{number:05d} " for number in range(1, 9)]
SAID = "".join(DELTAS)
SCHEMA = """
CREATE TABLE streaming_stream (id INTEGER PRIMARY KEY, last_seq INTEGER);
CREATE TABLE streaming_conversation (id TEXT PRIMARY KEY, stream_id INTEGER, created_at TEXT);
CREATE TABLE streaming_run (id TEXT, state TEXT, attempt INTEGER, message_id TEXT, continues_id TEXT,
  conversation_id TEXT, queued_at TEXT);
CREATE TABLE streaming_event (stream_id INTEGER, seq INTEGER, first_seq INTEGER, ts INTEGER, type TEXT, run_id TEXT,
  attempt INTEGER, n INTEGER, body TEXT);
"""


def database(folder: Path, rows: list[tuple], state: str = "complete") -> LogReader:
    path = folder / "log.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
        connection.execute("INSERT INTO streaming_stream VALUES (1, ?)", [rows[-1][0]])
        connection.execute("INSERT INTO streaming_conversation VALUES ('c', 1, '')")
        connection.execute("INSERT INTO streaming_run VALUES ('r', ?, 1, 'm', NULL, 'c', '')", [state])
        sql = "INSERT INTO streaming_event VALUES (1, ?, ?, ?, ?, 'r', ?, NULL, ?)"
        connection.executemany(
            sql, [(seq, first, 1000 + seq, kind, attempt, json.dumps(b)) for seq, first, kind, attempt, b in rows]
        )
        connection.commit()
    return LogReader.of_sqlite(path)


def single(deltas: list[str], *, ending: str = "complete", attempt: int = 1) -> list[tuple]:
    rows = [(1, 1, "start", attempt, {})]
    rows += [(seq, seq, "chunk", attempt, {"delta": delta}) for seq, delta in enumerate(deltas, 2)]
    return [*rows, (len(rows) + 1, len(rows) + 1, ending, attempt, {})]


def test_log_reader_joins_the_chunks_of_an_answer(tmp_path):
    [answer] = database(tmp_path, single(DELTAS)).checked("c")
    assert (answer.text, answer.terminal, answer.attempt) == (SAID, "complete", 1)


def test_log_reader_unpacks_what_the_format_says(tmp_path):
    chunks = {"r": "r", "a": 1, "p": "text", "x": "añ🚀c", "c": [[5, 2, [], []], [9, 2, [1, 1], [0, 3]]]}
    end = {"e": {"type": "complete", "data": {}, "seq": 4, "ts": 10, "run_id": "r", "attempt": 1}}
    start = {"e": {"type": "start", "data": {"model": "x"}, "seq": 1, "ts": 1, "run_id": "r", "attempt": 1}}
    reader = database(tmp_path, [(4, 1, "packed", 0, [start, chunks, end])])
    assert [(e.seq, e.ts, e.type, e.data.get("delta")) for e in reader.events("c")] == [
        (1, 1, "start", None),
        (2, 5, "chunk", "añ"),
        (3, 9, "chunk", "🚀c"),
        (4, 10, "complete", None),
    ]


@pytest.mark.parametrize("broken", ["dropped", "repeated", "swapped", "tail"])
def test_log_reader_refuses_broken_numbering(tmp_path, broken):
    rows = single(DELTAS)
    match broken:
        case "dropped":
            del rows[4]
        case "repeated":
            rows.insert(4, rows[4])
        case "swapped":
            rows[3], rows[4] = (5, 5, *rows[3][2:]), (6, 6, *rows[4][2:])
        case "tail":
            rows[-1] = (rows[-1][0] + 1, *rows[-1][1:])
    with pytest.raises(LogBrokenError, match=r"numbered|head|starts"):
        database(tmp_path, rows).checked("c")


def test_log_reader_refuses_a_packed_row_of_another_length(tmp_path):
    chunks = {"r": "r", "a": 1, "p": "text", "x": "abc", "c": [[5, 3, [], []]]}
    with pytest.raises(LogBrokenError, match="holds 1 events"):
        database(tmp_path, [(2, 1, "packed", 0, [chunks])]).events("c")


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ([*single(DELTAS), (11, 11, "cancelled", 1, {})], "complete"),
        (single(DELTAS)[:-1], "complete"),
        (single(DELTAS), "cancelled"),
        (single(DELTAS), "running"),
    ],
    ids=["two endings", "no ending", "another ending", "an ending of a live run"],
)
def test_log_reader_wants_one_ending_of_the_runs_state(tmp_path, rows, state):
    with pytest.raises(LogBrokenError):
        database(tmp_path, rows, state).checked("c")


def test_log_reader_refuses_an_attempt_that_speaks_after_a_later_one(tmp_path):
    rows = single(DELTAS, attempt=2)
    rows[5] = (6, 6, "chunk", 1, {"delta": "x"})
    with pytest.raises(LogBrokenError, match="after a later one"):
        database(tmp_path, rows).checked("c")


def test_log_reader_refuses_lengths_that_do_not_add_up(tmp_path):
    rows = single(DELTAS)
    rows[2] = (3, 3, "chunk", 1, {"delta": "abc", "lengths": [1, 1], "times": [0, 1]})
    with pytest.raises(LogBrokenError, match="lengths add up to 2"):
        database(tmp_path, rows).checked("c")


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (DELTAS[:3] + DELTAS[4:], "dropped"),
        (DELTAS[:4] + DELTAS[3:], "repeated"),
        ([*DELTAS[:3], DELTAS[4], DELTAS[3], *DELTAS[5:]], "a difference"),
        (DELTAS[:-1], "the end is missing"),
        ([*DELTAS, "x"], "something follows the end"),
        ([*DELTAS[:3], "x", *DELTAS[3:]], "inserted"),
        ([*DELTAS[:3], "w00005 ", *DELTAS[4:]], "a difference"),
    ],
    ids=["dropped", "repeated", "swapped", "cut", "longer", "inserted", "changed"],
)
def test_checker_names_the_first_difference(found, kind):
    with pytest.raises(checker.DifferenceError, match=kind):
        checker.same(SAID, "".join(found), "page")


@pytest.mark.parametrize("found", [[1, 2, 4], [1, 2, 2, 3, 4], [1, 3, 2, 4], [1, 2, 3]])
def test_checker_sees_dropped_repeated_and_swapped_words(found):
    with pytest.raises(checker.DifferenceError):
        checker.same_words([1, 2, 3, 4], found, "page")


@pytest.mark.parametrize("text", ["w00001 w00001", "w00002 w00001"])
def test_checker_wants_words_to_grow(text):
    with pytest.raises(checker.DifferenceError):
        checker.words_in_order(text, "page")


def test_checker_passes_what_is_equal():
    checker.same(SAID, SAID, "page")
    checker.prefix(SAID, SAID[:20], "page")
    checker.same_words(corpus.words(SAID), list(range(1, 9)), "page")


def test_checker_refuses_what_is_no_beginning():
    with pytest.raises(checker.DifferenceError):
        checker.prefix(SAID, SAID[1:20], "page")


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ("a\ud83d\ude00b", "a😀b"),
        ("\ud83d", "\ufffd"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("\ud83d\ud83d\ude00", "\ufffd😀"),
        ("a\x00b", "a\ufffdb"),
        ("", ""),
        ("😀", "😀"),
    ],
)
def test_checker_knows_what_split_surrogates_become(said, seen):
    assert checker.normal(said) == seen


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("```text\nab\n```\n", "ab\n"),
        ("```text\nab\n```", "ab\n"),
        ("```text\na\n\nb", "a\n\nb"),
        ("```text\n```\n", ""),
        ("```text\na``", "a``"),
    ],
)
def test_checker_reads_the_block_a_text_opens(text, block):
    assert checker.block_of(text) == block


@pytest.mark.parametrize(
    "shown", [["a", "ac"], ["abc", "ab"], ["a", "b", "abc"], []], ids=["wrong", "shrunk", "gap", "never"]
)
def test_checker_wants_the_page_to_grow(shown):
    with pytest.raises(checker.DifferenceError):
        checker.page_grew("```text\nabc\n```\n", shown, "page")


def test_checker_passes_a_page_that_grows():
    checker.page_grew("```text\nabc\n```\n", ["", "a\n", "ab", "abc", "abc\n"], "page")
    checker.words_grew([1, 2, 3], ["", "w00001 w0", "w00001 w00002 w00003"], "page")


def test_checker_sees_a_word_that_was_missing_for_a_while():
    with pytest.raises(checker.DifferenceError):
        checker.words_grew([1, 2, 3], ["w00001 w00003", "w00001 w00002 w00003"], "page")


@pytest.mark.parametrize("seed", range(20))
def test_corpus_block_comes_back_from_its_deltas(seed):
    deltas = corpus.fenced("mark", 300, seed=seed)
    text = checker.normal("".join(deltas))
    assert "\ufffd" not in text
    assert checker.block_of(text) == checker.normal("".join(deltas[1:-3])) + "\n"
    assert text.count("\n```") == 1


def test_corpus_uses_every_nasty_token():
    said = {delta for seed in range(4) for delta in corpus.body("mark", 600, seed=seed)}
    assert said >= set(corpus.NASTY)


def test_corpus_prose_numbers_each_word_once():
    numbers = corpus.numbers_in(corpus.prose("mark", 300))
    assert numbers == sorted(set(numbers))
    assert len(numbers) > 280
