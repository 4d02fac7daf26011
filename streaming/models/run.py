"""Runs and the engines that hold them. State changes go through `streaming.runs` only."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from streaming.models.conversation import Conversation, Message
from streaming.models.identity import new_id
from streaming.models.stream import Stream


class Engine(models.Model):
    """A process that executes runs. `expires_at` is database time (Unix seconds): its lease on all of them.

    `queues` are those it serves, separated by commas; None where an older version did not say.
    """

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    label = models.CharField(max_length=120)
    capacity = models.IntegerField()
    queues = models.CharField(max_length=120, null=True)
    started_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.FloatField(db_index=True)

    def __str__(self) -> str:
        return self.label

    def serves(self, queue: str) -> bool:
        """Whether runs of that queue are executed here. One that did not say may be of either kind."""
        return self.queues is None or queue in self.queues.split(",")


class Run(models.Model):
    """One piece of work that emits events. The row is the truth; a Celery message only points at it.

    `fence` grows with each claim and each ending from outside, so a writer that lost its lease is refused.
    `queue` says which engines may claim it: `streams` for what awaits, `work` for what blocks or computes.
    `last_n` is the producer position of the last committed event of `attempt`.
    `after` is the run this one waits for; `continues` the one whose text it goes on from.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        WAITING = "waiting"
        COMPLETE = "complete"
        CANCELLED = "cancelled"
        ERROR = "error"
        INTERRUPTED = "interrupted"

    LIVE: ClassVar = (State.QUEUED, State.RUNNING, State.WAITING)
    ENDED: ClassVar = (State.COMPLETE, State.CANCELLED, State.ERROR, State.INTERRUPTED)

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="runs")
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="runs")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="runs", null=True)
    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="run", null=True)
    after = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="followers")
    continues = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="continuations")

    agent = models.CharField(max_length=80, default="chat")
    queue = models.CharField(max_length=16, default="streams", db_default="streams")
    model = models.CharField(max_length=200, blank=True)
    parameters = models.JSONField(default=dict)

    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    attempt = models.IntegerField(default=0)
    crashes = models.IntegerField(default=0, db_default=0)  # attempts whose process died, or that failed in it
    fence = models.IntegerField(default=0)
    last_n = models.IntegerField(default=0)
    spoke = models.BooleanField(default=False)  # something beyond `start` of this attempt is committed
    engine = models.ForeignKey(Engine, on_delete=models.SET_NULL, null=True, related_name="runs", db_constraint=False)
    stop_requested_by = models.CharField(max_length=150, blank=True)

    queued_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    idempotency_route = models.CharField(max_length=40, blank=True)
    idempotency_key = models.CharField(max_length=120, null=True)
    idempotency_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        # Of all runs: a planner that sees `state = ?` cannot know that an index of only the live ones would do.
        indexes: ClassVar = [models.Index(fields=["state", "queue", "queued_at"], name="runs_by_state_and_queue")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "idempotency_route", "idempotency_key"],
                condition=models.Q(idempotency_key__isnull=False),
                name="one_run_per_key",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} {self.state}"
