"""An engine that says what a test wants, when it wants: real claims and commits, doorbells as the test chooses."""

from django.db import transaction

from streaming import bell
from streaming.chats import Sent
from streaming.events import Complete, EventData, Start
from streaming.log import Appended, append_batches
from streaming.runs.answer import Answer
from streaming.runs.claim import Claim
from streaming.runs.commit import Saying, commit
from tests.support.rows import a_claim, batch


class Speaker:
    """The author of one chat's answer. Blocking."""

    def __init__(self, chat: Sent) -> None:
        self.claim: Claim = a_claim(chat.run)
        self.n = 0
        self.answer = Answer()
        self.say(Start(message_id=chat.answer.pk))

    def say(self, *said: EventData | str, ring: bool = True) -> int:
        """Commit, and ring if asked; the seq of the last event."""
        with transaction.atomic():
            (appended,) = append_batches([batch(self.claim, self.n, *said)])
        assert isinstance(appended, Appended), appended
        self.n += len(said)
        for event in appended.events:
            self.answer.add(event.ts, event.data)
        seq = appended.events[-1].seq
        if ring:
            bell.ring(bell.Ring(self.claim.stream_id, appended.epoch, seq, appended.events))
        return seq

    def end(self) -> int:
        """Complete the run as an engine does."""
        (appended,) = commit([Saying(batch(self.claim, self.n, Complete()), Complete(), self.answer)])
        assert isinstance(appended, Appended), appended
        bell.ring(bell.Ring(self.claim.stream_id, appended.epoch, appended.events[-1].seq, appended.events))
        return appended.events[-1].seq
