"""The event log's tables. Written and read only by `streaming.log`."""

from typing import ClassVar

from django.db import models

from streaming.models.identity import new_epoch

PACKED = "packed"  # the `type` of a row that holds several events


class Stream(models.Model):
    """A numbered list of events. `last_seq` is its head; events below `first_seq` are gone by retention.

    `epoch` names one unbroken life of the numbering: another epoch makes every older cursor void.
    """

    class Kind(models.TextChoices):
        CONVERSATION = "conversation"
        PERSON = "person"

    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.CONVERSATION)
    epoch = models.CharField(max_length=16, default=new_epoch)
    first_seq = models.BigIntegerField(default=1)
    last_seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"stream {self.pk} at {self.epoch}:{self.last_seq}"


class Event(models.Model):
    """One event, or (type `packed`) all events from `first_seq` to `seq` of an ended stretch.

    `n` is the producer's position, unique within run and attempt, so that a repeated append is seen;
    null for events that their run's engine did not write.
    """

    pk = models.CompositePrimaryKey("stream_id", "seq")
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, db_index=False)
    seq = models.BigIntegerField()
    first_seq = models.BigIntegerField()
    ts = models.BigIntegerField()
    type = models.CharField(max_length=16)
    run_id = models.CharField(max_length=32, null=True)
    attempt = models.IntegerField(default=0)
    n = models.IntegerField(null=True)
    body = models.TextField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run_id", "attempt", "n"], name="event_producer_position"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.first_seq}-{self.seq}"
