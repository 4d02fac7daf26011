"""Where a person is signed in, and how that ends. Knows allauth's sessions; knows no page, no socket."""

from collections.abc import Iterable

from allauth.usersessions.models import UserSession

from streaming.models import Person


def sessions_of(person: Person) -> list[UserSession]:
    """The sessions that are still good, the one used last first."""
    alive = UserSession.objects.purge_and_list(person)
    return sorted(alive, key=lambda session: session.last_seen_at, reverse=True)


def end_session(person: Person, session_id: int, *, but: str) -> bool:
    """End one of `person`'s sessions; not the one whose key is `but`. Whether there was one to end."""
    return _end(UserSession.objects.filter(user=person, pk=session_id).exclude(session_key=but)) > 0


def end_other_sessions(person: Person, *, but: str) -> int:
    """End all of `person`'s sessions except the one whose key is `but`; how many."""
    return _end(UserSession.objects.filter(user=person).exclude(session_key=but))


def _end(sessions: Iterable[UserSession]) -> int:
    ended = list(sessions)
    for session in ended:
        session.end()
    return len(ended)
