"""Insert new rows of one table in one statement. Knows fields; knows no table of ours."""

from typing import Any

from django.db import connection
from django.db.models import Model


def insert(*rows: Model) -> None:
    """Insert `rows`, all of one model and with their keys, as `bulk_create` does for a fifth of its price.

    What the ORM needs to put a statement together is most of what a prompt waits for.
    """
    meta = rows[0]._meta  # noqa: SLF001 - Django's way
    fields: Any = meta.concrete_fields
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    places = ", ".join([f"({marks})"] * len(rows))
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for row in rows for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {meta.db_table} ({columns}) VALUES {places}", values)  # noqa: S608 - names of columns
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001 - as `save` leaves it
