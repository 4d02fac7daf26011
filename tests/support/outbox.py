"""What the site would have mailed, for tests within one process. Mail is sent from threads of the site's own."""

from collections.abc import Iterator

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from chatsite import accounts
from tests.support.waiting import until


@pytest.fixture
def outbox() -> Iterator[None]:
    """What is still on its way at the end belongs to this test."""
    yield
    accounts._outbox().shutdown()
    accounts._outbox.cache_clear()


def mailed(subject: str, *, count: int = 1) -> EmailMessage:
    """The newest message with this in its subject, once `count` messages were sent in all."""
    found = until(lambda: len(mail.outbox) >= count and [m for m in mail.outbox if subject in m.subject], subject)
    return found[-1]
