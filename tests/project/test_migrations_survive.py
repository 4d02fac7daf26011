"""Old and new processes run beside each other during an upgrade: no migration takes away what the old ones use.

The rule is in docs/deploying.md: what is dropped or renamed leaves in two releases. First the code stops using it,
and a migration with `SeparateDatabaseAndState(state_operations=[…])` forgets it while the column stays. A later release
has a migration that names that first one, `completes = "0007_forget_colour"`, and drops the column.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED

TAKES_AWAY = (
    migrations.RemoveField,
    migrations.DeleteModel,
    migrations.RenameField,
    migrations.RenameModel,
    migrations.AlterModelTable,
)
LARGE = {"event", "message"}  # an index of these takes long, and has to be built concurrently


def complaints(chain: Sequence[migrations.Migration]) -> list[str]:
    """What old code would trip over, in the migrations of one app, the first of which made its tables."""
    found = []
    for number, migration in enumerate(chain[1:], 1):
        forgotten = _forgotten(chain[:number], getattr(migration, "completes", ""))
        for operation in _on_the_database(migration.operations):
            if isinstance(operation, TAKES_AWAY) and _name(operation) not in forgotten:
                found.append(f"{migration.name}: {operation.describe()}")
            elif isinstance(operation, migrations.AddField) and not _is_filled_for_old_code(operation.field):
                found.append(f"{migration.name}: {operation.describe()} without null or db_default")
            elif isinstance(operation, migrations.AddIndex) and operation.model_name in LARGE and migration.atomic:
                found.append(f"{migration.name}: {operation.describe()} while nobody can write")
    return found


def _on_the_database(operations: Sequence[Any]) -> Iterator[Any]:
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from operation.database_operations
        else:
            yield operation


def _forgotten(earlier: Sequence[migrations.Migration], completes: str) -> set[tuple[str, ...]]:
    """What the migration of that name took out of the state only."""
    return {
        _name(operation)
        for migration in earlier
        if migration.name == completes
        for separate in migration.operations
        if isinstance(separate, migrations.SeparateDatabaseAndState) and not separate.database_operations
        for operation in separate.state_operations
    }


def _name(operation: Any) -> tuple[str, ...]:
    return tuple(getattr(operation, each) for each in ("model_name", "name") if hasattr(operation, each))


def _is_filled_for_old_code(field: models.Field) -> bool:
    """Whether a row that is inserted without it gets a value."""
    return field.null or field.many_to_many or field.db_default is not NOT_PROVIDED


def test_every_migration_can_be_survived():
    loader = MigrationLoader(None)
    names = sorted(name for app, name in loader.disk_migrations if app == "streaming")
    assert names[0] == "0001_initial"
    assert complaints([loader.disk_migrations["streaming", name] for name in names]) == []


def migration(name: str, *operations: Any, completes: str = "") -> migrations.Migration:
    made = migrations.Migration(name, "streaming")
    made.operations = list(operations)
    if completes:
        made.completes = completes
    return made


FIRST = migration("0001_initial")
REMOVE = migrations.RemoveField("run", "colour")
FORGET = migration("0002_forget", migrations.SeparateDatabaseAndState(state_operations=[REMOVE]))


@pytest.mark.parametrize(
    "operation",
    [
        REMOVE,
        migrations.DeleteModel("run"),
        migrations.RenameField("run", "colour", "color"),
        migrations.RenameModel("run", "job"),
        migrations.AlterModelTable("run", "jobs"),
        migrations.AddField("run", "colour", models.CharField(default="red")),
        migrations.SeparateDatabaseAndState(database_operations=[REMOVE]),
        migrations.AddIndex("event", models.Index(fields=["ts"], name="by_time")),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_what_old_code_trips_over_is_seen(operation):
    assert len(complaints([FIRST, migration("0002_bad", operation)])) == 1


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("run", "colour", models.CharField(db_default="red")),
        migrations.AddField("run", "colour", models.CharField(null=True)),
        migrations.CreateModel("colour", fields=[]),
        migrations.RemoveIndex("run", "by_colour"),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_what_old_code_does_not_notice_is_let_through(operation):
    assert complaints([FIRST, migration("0002_good", operation)]) == []


def test_two_steps_are_let_through_and_half_of_them_is_not():
    drop = migrations.SeparateDatabaseAndState(database_operations=[REMOVE])
    assert complaints([FIRST, FORGET, migration("0003_drop", drop, completes="0002_forget")]) == []
    assert len(complaints([FIRST, FORGET, migration("0003_drop", drop)])) == 1
    assert len(complaints([FIRST, FORGET, migration("0003_drop", drop, completes="0003_drop")])) == 1
    other = migrations.SeparateDatabaseAndState(database_operations=[migrations.RemoveField("run", "state")])
    assert len(complaints([FIRST, FORGET, migration("0003_drop", other, completes="0002_forget")])) == 1
