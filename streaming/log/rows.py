"""Many rows in few statements. Knows SQL; knows no event.

SQLite gives up the interpreter lock at every row that a statement reads or writes, and another thread takes it: with 80
answers at once that was 12,000 times a second, and made a commit of 80 rows five times as dear as it is alone.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from django.db import connection

from streaming.models.database import lock_rows

AT_ONCE = 40  # rows; SQLite keeps each number's statement prepared, and 128 of them at most


def select_rows(cursor: Any, table: str, columns: str, ids: Iterable[Any]) -> dict[Any, Sequence[Any]]:
    """`columns`, of which the first is `id`, of the rows with these ids; locked in the order of the ids."""
    wanted = sorted(ids)
    where = f"FROM {table} WHERE id IN ({_marks(len(wanted))})"
    if connection.vendor == "sqlite":
        cursor.execute(f"SELECT json_group_array(json_array({columns})) {where}", wanted)
        return {row[0]: row for row in msgspec.json.decode(cursor.fetchone()[0])}
    cursor.execute(f"SELECT {columns} {where} ORDER BY id{lock_rows(connection.vendor)}", wanted)
    return {row[0]: row for row in cursor.fetchall()}


def insert_rows(cursor: Any, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows`, in their order."""
    names = ", ".join(columns)
    for some in _groups(rows):
        cursor.execute(f"INSERT INTO {table} ({names}) VALUES {_rows(some)}", _flat(some))  # noqa: S608 - only placeholders and constants


def update_rows(cursor: Any, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Set `columns` of the row whose id each of `rows` begins with to the rest of it."""
    changes = ", ".join(f"{column} = given.column{number}" for number, column in enumerate(columns, 2))
    for some in _groups(rows):
        cursor.execute(
            f"UPDATE {table} SET {changes} FROM (VALUES {_rows(some)}) AS given WHERE {table}.id = given.column1",  # noqa: S608 - as above
            _flat(some),
        )


def _groups(rows: Sequence[Sequence[Any]]) -> Iterable[Sequence[Sequence[Any]]]:
    return (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE))


def _rows(rows: Sequence[Sequence[Any]]) -> str:
    return ", ".join([f"({_marks(len(rows[0]))})"] * len(rows))


def _marks(count: int) -> str:
    return ", ".join(["%s"] * count)


def _flat(rows: Sequence[Sequence[Any]]) -> list[Any]:
    return [value for row in rows for value in row]
