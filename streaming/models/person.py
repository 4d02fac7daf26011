"""Who talks: an account and what it prefers. Knows no conversation."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class Pace(models.TextChoices):
    """How a person wants text to arrive."""

    AS_IT_COMES = "as_it_comes", "As it comes"
    WORD = "word", "Word by word"
    SENTENCE = "sentence", "Sentence by sentence"
    LINE = "line", "Line by line"


class Theme(models.TextChoices):
    """Light, dark, or as the device says."""

    SYSTEM = "system", "As the device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Person(AbstractUser):
    """A person who signs in. `default_model` is `<connection id>/<model id>`, as the model picker names it."""

    pace = models.CharField(max_length=16, choices=Pace.choices, default=Pace.AS_IT_COMES)
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    default_model = models.CharField(max_length=200, blank=True)
