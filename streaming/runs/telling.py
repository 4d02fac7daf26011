"""Tell who follows a person's chats that they must prove their access anew. Knows the log; knows no session.

A stream grows by its live runs and by what people do. The first are told here, in the transaction that takes access
away; the second is proven by whoever follows before it is shown. So both hold without the doorbell.
"""

from typing import Any

from django.db.models import Model
from django.db.models.signals import pre_delete, pre_save

from streaming.events import AccessChanged
from streaming.log import append_events, prepare
from streaming.models import Person, Run
from streaming.runs.ending import now_ms, ring_on_commit

PROVEN = ("password", "is_active", "session_round")  # what every session of a person is checked against


def tell_access_changed(person_id: int, *, granted: bool) -> None:
    """An `access` event in each chat of theirs in which an answer is written or waits.

    Must run inside the transaction of the change. `granted`: the account itself still lets in.
    """
    live = Run.objects.filter(state__in=Run.LIVE, conversation__owner_id=person_id)
    changed = AccessChanged(person=str(person_id), granted=granted)
    for stream_id in sorted(set(live.values_list("stream_id", flat=True))):
        epoch, events = append_events(stream_id, [prepare(changed, ts=now_ms())])
        ring_on_commit(stream_id, epoch, events)


def watch_accounts() -> None:
    """Whoever saves or deletes a person tells, be it a page of ours, allauth, or the administration."""
    pre_save.connect(_saving, sender=Person, dispatch_uid="tell_access_changed")
    pre_delete.connect(_deleting, sender=Person, dispatch_uid="tell_access_changed")


def _saving(instance: Person, update_fields: frozenset[str] | None, **_signal: Any) -> None:
    fields = [name for name in PROVEN if update_fields is None or name in update_fields]
    before = Person.objects.filter(pk=instance.pk).values(*fields).first() if instance.pk and fields else None
    if before is not None and any(getattr(instance, name) != value for name, value in before.items()):
        tell_access_changed(instance.pk, granted=instance.is_active)


def _deleting(instance: Model, **_signal: Any) -> None:
    assert instance.pk is not None
    tell_access_changed(instance.pk, granted=False)
