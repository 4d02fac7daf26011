"""Who may change a group and put people into it. Knows rights; knows no model and no page."""

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.db.models import QuerySet

from streaming.access.people import check_touchable
from streaming.errors import ConflictError
from streaming.models import Person


def fixed_groups(*, by: Person) -> QuerySet[Group]:
    """The groups `by` may neither change nor fill: those that carry rights, unless `by` has all rights."""
    return Group.objects.none() if by.is_superuser else Group.objects.exclude(permissions=None)


def prove_changeable(groups: Iterable[Group], *, by: Person) -> None:
    """Raises `ConflictError` when one of them is fixed."""
    fixed = fixed_groups(by=by).filter(pk__in=[group.pk for group in groups]).order_by("name").first()
    if fixed is not None:
        sentence = f"{fixed} carries rights of administrators. Ask an administrator with all rights."
        raise ConflictError(sentence)


def put_into_groups(person: Person, groups: Iterable[Group], *, by: Person) -> None:
    """Make `person` a member of exactly these groups, and of the fixed ones as before. Raises `ConflictError`."""
    check_touchable(person, by=by)
    kept = person.groups.filter(pk__in=fixed_groups(by=by))
    chosen = set(groups)
    prove_changeable(chosen.difference(kept), by=by)
    person.groups.set(chosen.union(kept))
