"""One run per key, however often a request is repeated. Knows runs; knows no HTTP."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db import connection

from streaming.errors import InvalidInputError
from streaming.models import Person, Run

MAX_KEY = 120
_LOCK = "SELECT id FROM streaming_person WHERE id = %s FOR NO KEY UPDATE"
_MADE = "SELECT * FROM streaming_run WHERE owner_id = %s AND idempotency_route = %s AND idempotency_key = %s"


class KeyReusedError(InvalidInputError):
    """The same idempotency key came with another request (HTTP 422)."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key within an owner and a route, and the digest of what it came with."""

    owner: Person
    route: str
    value: str | None
    digest: str

    @classmethod
    def of(cls, owner: Person, route: str, value: str | None, body: Any) -> "Key":
        """`value` as the client sent it ("" or None: not idempotent). Raises `InvalidInputError`."""
        if value and len(value) > MAX_KEY:
            raise InvalidInputError(f"An idempotency key has at most {MAX_KEY} characters.")
        if value and "\x00" in value:
            raise InvalidInputError("An idempotency key has no NUL character.")
        text = json.dumps(body, sort_keys=True)
        return cls(owner, route, value or None, hashlib.sha256(text.encode()).hexdigest())

    def run(self) -> Run | None:
        """The run that this key made before. Raises `KeyReusedError` if it was made of something else.

        Two requests with one key, perhaps about two conversations, wait for each other here until the transaction ends.
        """
        if self.value is None:
            return None
        # Without the key columns: rows that point at the person may be written meanwhile, so nobody deadlocks.
        # (SQLite has no such lock, and no need of it: its write transactions come one after the other.)
        if connection.features.has_select_for_update:
            with connection.cursor() as cursor:
                cursor.execute(_LOCK, [self.owner.pk])
        made = Run.objects.raw(_MADE, [self.owner.pk, self.route, self.value])
        if not made:
            return None
        run = made[0]
        if run.idempotency_digest != self.digest:
            raise KeyReusedError("This request repeats the key of another one. Send it again with a new key.")
        return run

    @property
    def fields(self) -> dict[str, Any]:
        """What the run stores of it."""
        return {
            "idempotency_route": self.route,
            "idempotency_key": self.value,
            "idempotency_digest": self.digest,
        }
