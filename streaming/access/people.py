"""What administrators do with accounts. Knows rights and sessions; knows no run and no page."""

from django.db.models import F, Q, QuerySet

from streaming.errors import ConflictError
from streaming.models import Person

SEARCHED_CHARACTERS = 100


def people_like(text: str) -> QuerySet[Person]:
    """Everybody whose name or address has each of the words in `text`, by name."""
    found = Person.objects.order_by("username")
    for word in text[:SEARCHED_CHARACTERS].replace("\x00", " ").split():  # PostgreSQL takes no NUL
        found = found.filter(
            Q(username__icontains=word)
            | Q(email__icontains=word)
            | Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
        )
    return found


def why_untouchable(person: Person, *, by: Person) -> str:
    """Why `by` may not change the rights of `person`, as a sentence; "" where they may."""
    if person.pk == by.pk:
        return "This is you. Another administrator can change your rights."
    if (person.is_staff or person.is_superuser) and not by.is_superuser:
        return "Only an administrator with all rights can change another one."
    return ""


def deactivate(person: Person, *, by: Person) -> None:
    """Nobody gets in with this account any more, and every session of it has ended. Raises `ConflictError`."""
    check_touchable(person, by=by)
    person.is_active = False
    person.session_round = F("session_round") + 1
    person.save(update_fields=["is_active", "session_round"])


def reactivate(person: Person, *, by: Person) -> None:
    """Let `person` sign in again; the sessions of before stay ended. Raises `ConflictError`."""
    check_touchable(person, by=by)
    Person.objects.filter(pk=person.pk).update(is_active=True)


def set_administrator(person: Person, *, administrator: bool, by: Person) -> None:
    """Give all rights, or take them. Raises `ConflictError`."""
    check_touchable(person, by=by)
    if administrator and not by.is_superuser:
        raise ConflictError("Only an administrator with all rights can make another one.")
    Person.objects.filter(pk=person.pk).update(is_staff=administrator, is_superuser=administrator)


def check_touchable(person: Person, *, by: Person) -> None:
    """Raises `ConflictError` where `by` may not change the rights of `person`."""
    if sentence := why_untouchable(person, by=by):
        raise ConflictError(sentence)
