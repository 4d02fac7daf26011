"""Conversations and their trees of messages. Knows no run's inner life."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from streaming.models.identity import new_id
from streaming.models.stream import Stream


class Conversation(models.Model):
    """A titled tree of messages, one event stream. `model` is `<connection id>/<model id>`."""

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations")
    stream = models.OneToOneField(Stream, on_delete=models.CASCADE, related_name="conversation")
    title = models.CharField(max_length=200, blank=True)
    model = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    active_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["owner", "-active_at"], name="conversation_by_activity")]

    def __str__(self) -> str:
        return self.title or "New chat"


class Message(models.Model):
    """One node of the tree. An assistant's message has a run; `parts` is filled when that run ends.

    `parts` is a JSON list of `[kind, text]` with kind text or thinking; `facts` holds what the quiet line
    tells: model, usage, finish_reason, first_token_ms, duration_ms, tool calls.
    """

    class Role(models.TextChoices):
        USER = "user"
        ASSISTANT = "assistant"

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="children")
    role = models.CharField(max_length=9, choices=Role.choices)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    parts = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"

    @property
    def text(self) -> str:
        """The answer itself, without thinking."""
        return "".join(text for kind, text in self.parts if kind == "text")


class ChosenPath(models.Model):
    """Which branch a person looks at: the leaf it ends in."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="paths")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    leaf = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["conversation", "person"], name="one_path_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} at {self.leaf_id}"
