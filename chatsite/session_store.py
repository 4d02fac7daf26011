"""Sessions in the database, as Django keeps them; what is open in one that ends is told. Knows no page."""

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.db import transaction
from django.utils import timezone

from streaming.runs.telling import tell_access_changed


class SessionStore(db.SessionStore):
    """Named as Django's, because the name is part of what signs a session."""

    def delete(self, session_key: str | None = None) -> None:
        """End the session: signed out here, elsewhere, or by a new key. All ways of Django and allauth lead here."""
        ended = self.model.objects.filter(session_key=session_key or self.session_key, expire_date__gt=timezone.now())
        with transaction.atomic():
            row = ended.first()
            person_id = self.decode(row.session_data).get(SESSION_KEY) if row is not None else None
            if person_id is not None:
                tell_access_changed(int(person_id), granted=True)
            super().delete(session_key)
