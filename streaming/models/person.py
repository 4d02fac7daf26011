"""Who talks: an account and what it prefers. Knows no conversation."""

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.utils.crypto import salted_hmac


class Pace(models.TextChoices):
    """How a person wants text to arrive."""

    AS_IT_COMES = "as_it_comes", "As it comes"
    WORD = "word", "Word by word"
    SENTENCE = "sentence", "Sentence by sentence"
    LINE = "line", "Line by line"


class Theme(models.TextChoices):
    """Light, dark, or as the device says."""

    SYSTEM = "system", "Same as device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Person(AbstractUser):
    """A person who signs in. `default_model` is `<connection id>/<model id>`, as the model picker names it.

    `must_confirm_email`: made the account alone and has yet to show that the address is theirs.
    `session_round` is part of what every session is checked against: another number ends them all at once.
    """

    pace = models.CharField(max_length=16, choices=Pace.choices, default=Pace.AS_IT_COMES)
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    default_model = models.CharField(max_length=200, blank=True)
    must_confirm_email = models.BooleanField(default=False, db_default=False, editable=False)
    session_round = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """In one transaction with what the signals before and after it write."""
        with transaction.atomic():
            super().save(*args, **kwargs)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        checked: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]  # Django's own, without a stub
        if not self.session_round:
            return checked
        salt = "streaming.models.person.session_round"
        return salted_hmac(salt, f"{checked}{self.session_round}", secret=secret, algorithm="sha256").hexdigest()
