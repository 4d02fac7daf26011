"""Which models a person's groups allow. Knows references; knows no connection and no catalogue."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import transaction

from streaming.models import GroupModels, Person


@dataclass(frozen=True, slots=True)
class PermittedModels:
    """What somebody may use; `references` is None where there is no limit."""

    references: frozenset[str] | None

    def allow(self, reference: str) -> bool:
        """Whether `<connection>/<model>` is among them, by itself or with its whole connection."""
        if self.references is None:
            return True
        return not self.references.isdisjoint({reference, reference.partition("/")[0]})


UNLIMITED = PermittedModels(None)


def permitted_models(person: Person) -> PermittedModels:
    """All that any of the person's groups allows. A group without a choice allows every model.

    People in no group, and staff, are not limited.
    """
    if person.is_staff:
        return UNLIMITED
    chosen = list(person.groups.values_list("models__references", flat=True))
    if not chosen or not all(chosen):
        return UNLIMITED
    return PermittedModels(frozenset(reference for references in chosen for reference in references))


def permit(group: Group, references: Iterable[str]) -> None:
    """Let `group` use these models and connections; none lets it use every one."""
    kept = sorted(set(references))
    with transaction.atomic():
        GroupModels.objects.filter(group=group).delete()
        if kept:
            GroupModels.objects.create(group=group, references=kept)


def references_of(group: Group) -> list[str]:
    """What was chosen for `group`."""
    found = GroupModels.objects.filter(group=group).first()
    return list(found.references) if found else []
