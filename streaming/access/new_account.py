"""An account that somebody else makes for its owner. Knows groups; knows no link and no page."""

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.db import transaction

from streaming.access.groups import put_into_groups
from streaming.models import Person


def make_account(person: Person, groups: Iterable[Group], *, by: Person) -> None:
    """Keep a new `person`, without a password, in `groups`; all of it or, with a `ConflictError`, nothing."""
    with transaction.atomic():
        person.set_unusable_password()
        person.save()
        put_into_groups(person, groups, by=by)
