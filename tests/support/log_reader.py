"""Reads the event log with SQL of its own and tells whether it keeps its rules. Shares no code with the product."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

TERMINAL = frozenset({"complete", "cancelled", "error", "interrupted"})
LIVE = frozenset({"queued", "running", "waiting"})
RUN_COLUMNS = "id, state, attempt, message_id, continues_id"


@dataclass(frozen=True)
class Logged:
    """One event of the log."""

    seq: int
    ts: int
    type: str
    run: str
    attempt: int
    data: dict[str, Any]


@dataclass
class Answer:
    """What one attempt of one run said, by part, and how it ended."""

    run: str
    attempt: int
    text: str = ""
    thinking: str = ""
    terminal: str = ""
    events: list[Logged] = field(default_factory=list)


@dataclass(frozen=True)
class RunRow:
    """A run as its table has it."""

    id: str
    state: str
    attempt: int
    message: str
    continues: str


class LogBrokenError(AssertionError):
    """The log itself breaks its rules: numbering, one author, one ending."""


class LogReader:
    """Opens the database anew for each look, which is one snapshot of what is committed.

    `connect` gives a DB-API connection in a transaction that sees one snapshot; `mark` is its placeholder.
    """

    def __init__(self, connect: Callable[[], Any], mark: str = "?") -> None:
        self._connect = connect
        self._mark = mark

    @classmethod
    def of_sqlite(cls, path: Path) -> "LogReader":
        return cls(partial(_sqlite_snapshot, path))

    @contextmanager
    def _look(self) -> Iterator[Any]:
        with closing(self._connect()) as connection:
            yield connection.cursor()

    def events(self, conversation: str) -> list[Logged]:
        """All events of a conversation, unpacked, in the order of their rows. Raises LogBrokenError."""
        with self._look() as cursor:
            return self._events(cursor, conversation)

    def stream_events(self, stream: int) -> list[Logged]:
        """The same, of a stream that may have no conversation."""
        with self._look() as cursor:
            [(last,)] = self._query(cursor, "SELECT last_seq FROM streaming_stream WHERE id = ?", stream)
            return self._stream_events(cursor, stream, last)

    def runs(self, conversation: str) -> list[RunRow]:
        """The conversation's runs, oldest first."""
        with self._look() as cursor:
            return self._runs(cursor, conversation)

    def run(self, run: str) -> RunRow:
        with self._look() as cursor:
            [row] = self._query(cursor, f"SELECT {RUN_COLUMNS} FROM streaming_run WHERE id = ?", run)
        return _run(row)

    def conversations(self) -> list[str]:
        """Ids, oldest first."""
        with self._look() as cursor:
            rows = self._query(cursor, "SELECT id FROM streaming_conversation ORDER BY created_at, id")
        return [row[0] for row in rows]

    def checked(self, conversation: str) -> list[Answer]:
        """The answers of a conversation, after every rule of the log was checked. Raises LogBrokenError."""
        with self._look() as cursor:
            events, runs = self._events(cursor, conversation), self._runs(cursor, conversation)
        found = answers(events)
        check_endings(events, runs)
        return found

    def text_of(self, run: str, conversation: str) -> str:
        """What the run's newest attempt has said so far; "" before it said anything."""
        said = [answer.text for answer in self.checked(conversation) if answer.run == run]
        return said[-1] if said else ""

    def _events(self, cursor: Any, conversation: str) -> list[Logged]:
        sql = (
            "SELECT s.id, s.last_seq FROM streaming_stream s JOIN streaming_conversation c ON c.stream_id = s.id"
            " WHERE c.id = ?"
        )
        [(stream, last)] = self._query(cursor, sql, conversation)
        return self._stream_events(cursor, stream, last)

    def _stream_events(self, cursor: Any, stream: int, last: int) -> list[Logged]:
        sql = (
            "SELECT seq, first_seq, ts, type, run_id, attempt, body FROM streaming_event"
            " WHERE stream_id = ? ORDER BY seq"
        )
        found = [event for row in self._query(cursor, sql, stream) for event in _unpacked(row)]
        check_numbering(found)
        if len(found) != last:
            raise LogBrokenError(f"the stream says its head is {last}, it has {len(found)} events")
        return found

    def _runs(self, cursor: Any, conversation: str) -> list[RunRow]:
        sql = f"SELECT {RUN_COLUMNS} FROM streaming_run WHERE conversation_id = ? ORDER BY queued_at, id"
        return [_run(row) for row in self._query(cursor, sql, conversation)]

    def _query(self, cursor: Any, sql: str, *values: object) -> list[tuple[Any, ...]]:
        cursor.execute(sql.replace("?", self._mark), values)
        return list(cursor.fetchall())


def _sqlite_snapshot(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30, isolation_level=None)
    connection.execute("BEGIN")
    return connection


def _run(row: tuple[Any, ...]) -> RunRow:
    id_, state, attempt, message, continues = row
    return RunRow(id_, state, attempt, message or "", continues or "")


def answers(events: Sequence[Logged]) -> list[Answer]:
    """What each attempt of each run said, in the order in which they first spoke."""
    found: dict[tuple[str, int], Answer] = {}
    newest: dict[str, int] = {}
    for event in events:
        if not event.run:
            continue
        if event.attempt < newest.get(event.run, 0):
            raise LogBrokenError(f"event {event.seq}: attempt {event.attempt} of {event.run} speaks after a later one")
        newest[event.run] = event.attempt
        answer = found.setdefault((event.run, event.attempt), Answer(event.run, event.attempt))
        if answer.terminal:
            raise LogBrokenError(f"event {event.seq} ({event.type}): {event.run} had ended as {answer.terminal}")
        answer.events.append(event)
        if event.type == "chunk":
            _check_lengths(event)
            if event.data.get("part", "text") == "text":
                answer.text += event.data.get("delta", "")
            else:
                answer.thinking += event.data.get("delta", "")
        elif event.type in TERMINAL:
            answer.terminal = event.type
    return list(found.values())


def check_numbering(events: Sequence[Logged]) -> None:
    """Numbered 1, 2, 3 … without a gap, a repeat or a swap."""
    for expected, event in enumerate(events, 1):
        if event.seq != expected:
            raise LogBrokenError(f"event {expected} of the log is numbered {event.seq} ({event.type})")


def check_endings(events: Sequence[Logged], runs: Sequence[RunRow]) -> None:
    """Every ended run has exactly one terminal event, of its state; a live one has none."""
    endings: dict[str, Counter[str]] = {run.id: Counter() for run in runs}
    for event in events:
        if event.type in TERMINAL:
            endings.setdefault(event.run, Counter())[event.type] += 1
    for run in runs:
        expected = Counter() if run.state in LIVE else Counter({run.state: 1})
        if endings[run.id] != expected:
            raise LogBrokenError(f"run {run.id} is {run.state}; its terminal events are {dict(endings[run.id])}")


def _check_lengths(event: Logged) -> None:
    lengths, delta = event.data.get("lengths"), event.data.get("delta", "")
    if lengths and sum(lengths) != len(delta):
        raise LogBrokenError(f"event {event.seq}: lengths add up to {sum(lengths)}, the delta has {len(delta)}")


def _unpacked(row: tuple[Any, ...]) -> Iterator[Logged]:
    seq, first, ts, kind, run, attempt, text = row
    body = json.loads(text)
    if kind != "packed":
        if first != seq:
            raise LogBrokenError(f"row {seq} holds one event and says it starts at {first}")
        yield Logged(seq, ts, kind, run or "", attempt, _whole(kind, body))
        return
    number = first
    for entry in body:
        for event in _entry(entry, number):
            yield event
            number += 1
    if number != seq + 1:
        raise LogBrokenError(f"packed row {first}-{seq} holds {number - first} events")


def _whole(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """A chunk's absent fields have defaults; packed and single rows then read the same."""
    return {"delta": "", "part": "text", "lengths": [], "times": [], **data} if kind == "chunk" else data


def _entry(entry: dict[str, Any], number: int) -> Iterator[Logged]:
    if "e" in entry:
        event = entry["e"]
        run, attempt = event.get("run_id", ""), event.get("attempt", 0)
        yield Logged(
            event.get("seq", number), event["ts"], event["type"], run, attempt, _whole(event["type"], event["data"])
        )
        return
    start = 0
    for offset, (ts, length, lengths, times) in enumerate(entry["c"]):
        data = {"delta": entry["x"][start : start + length], "part": entry["p"], "lengths": lengths, "times": times}
        yield Logged(number + offset, ts, "chunk", entry["r"], entry["a"], data)
        start += length
    if start != len(entry["x"]):
        raise LogBrokenError(f"packed chunks from {number} use {start} of {len(entry['x'])} characters")
