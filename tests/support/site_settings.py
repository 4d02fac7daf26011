"""The site as another environment would have made it, for tests within one process."""

import os
from typing import Any

from chatsite.environment import Environment
from chatsite.mail import decide_mail


def set_environment(settings: Any, *, terminal: bool = True, **variables: str) -> None:
    """Read the settings on people and mail anew. Mail itself stays with Django's outbox of the tests."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        settings.ENVIRONMENT = Environment()
    finally:
        os.environ.clear()
        os.environ.update(before)
    settings.MAIL = decide_mail(settings.ENVIRONMENT, terminal=terminal)
