"""The list of chats beside every page. Knows titles, ages and which are being answered; knows no message."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from streaming.access import conversations_visible_to, runs_visible_to
from streaming.models import Conversation, Person, Run

PAGE = 50


@dataclass(frozen=True, slots=True)
class Group:
    """Chats of one age."""

    title: str
    chats: Sequence[Conversation]


@dataclass(frozen=True, slots=True)
class Chats:
    """A page of the list; `older` is where the next one begins, "" at the end."""

    groups: Sequence[Group] = field(default=())
    older: str = ""


def list_chats(person: Person, *, before: str = "") -> Chats:
    """The chats of `person` by their last use, `PAGE` of them, from `before` on."""
    chats = list(_after(_all(person), before)[: PAGE + 1])
    last = chats[PAGE - 1] if len(chats) > PAGE else None
    return Chats(
        grouped(chats[:PAGE], today=timezone.localdate()), f"{last.active_at.isoformat()} {last.pk}" if last else ""
    )


def running_chats_of(person: Person) -> list[str]:
    """The ids of those chats of `person` that are being answered now."""
    live = runs_visible_to(person).filter(state__in=Run.LIVE)
    return list(live.order_by("conversation_id").values_list("conversation_id", flat=True).distinct())


def grouped(chats: Iterable[Conversation], *, today: date) -> list[Group]:
    """`chats`, newest first, under the names of their ages."""
    return [
        Group(title, list(members))
        for title, members in groupby(chats, lambda chat: _age(timezone.localdate(chat.active_at), today))
    ]


def _age(day: date, today: date) -> str:
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day > today - timedelta(days=7):
        return "Last 7 days"
    if day > today - timedelta(days=30):
        return "Last 30 days"
    return "Older"


def _all(person: Person) -> QuerySet[Conversation]:
    live = Run.objects.filter(conversation=OuterRef("pk"), state__in=Run.LIVE)
    return conversations_visible_to(person).annotate(running=Exists(live)).order_by("-active_at", "-id")


def _after(chats: QuerySet[Conversation], before: str) -> QuerySet[Conversation]:
    moment, _, last = before.partition(" ")
    try:
        at = datetime.fromisoformat(moment)
        if timezone.is_naive(at) or "\x00" in last:
            return chats
        at = at.astimezone(UTC)  # which the first and last hours of the calendar may not have
    except (ValueError, OverflowError):
        return chats
    return chats.filter(Q(active_at__lt=at) | Q(active_at=at, id__lt=last))
