"""Connections to model APIs that an administrator made. The key is sealed at rest."""

from urllib.parse import urlsplit

from django.db import models

from streaming.models.identity import new_id
from streaming.models.sealed import SealedTextField

KEY_AGAIN = "Enter the key again: the address changed, and a key goes only to the address it was entered for."


class Connection(models.Model):
    """How to reach a model API: its kind, address and key.

    `catalog` caches what it lists: `[{"id", "name", "streams", …}]`; `problem` is the sentence of the last failed
    look. A connection from the environment keeps its key there, not here.
    """

    class Kind(models.TextChoices):
        OPENAI = "openai", "OpenAI or compatible"
        ANTHROPIC = "anthropic", "Anthropic"
        OLLAMA = "ollama", "Ollama"

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    name = models.CharField(max_length=80)
    base_url = models.URLField(blank=True)
    api_key = SealedTextField(blank=True)
    enabled = models.BooleanField(default=True)
    from_environment = models.BooleanField(default=False, editable=False)
    catalog = models.JSONField(default=list, blank=True)
    problem = models.CharField(max_length=400, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    def may_keep_key(self, *, kind: str, base_url: str) -> bool:
        """Whether the stored key belongs to a changed kind and address too: a key never leaves for another host."""
        return kind == self.kind and urlsplit(base_url)[:2] == urlsplit(self.base_url)[:2]
