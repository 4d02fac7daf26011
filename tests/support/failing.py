"""Make a part of the product fail for a while."""

from typing import Any

from django.db import OperationalError

from streaming.chats import Sent
from streaming.runs import commit as commit_module
from streaming.runs import stop_run
from streaming.runs.service import EngineService
from tests.support.lab import Lab
from tests.support.scripts import Delta, Script, Silence
from tests.support.waiting import until

AWAY = OperationalError("the database is away")


class Failing:
    """Raises `error` from `place.name` while `on`, at most `times`; before it does its work or `after` it."""

    def __init__(
        self, monkeypatch: Any, place: Any, name: str, error: Exception, *, after: bool = False, times: int = 10**9
    ) -> None:
        self.on, self.count = True, 0
        real = getattr(place, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if self.on and self.count < times:
                self.count += 1
                if after:
                    real(*args, **kwargs)
                raise error
            return real(*args, **kwargs)

        monkeypatch.setattr(place, name, call)


def stopped_while_away(lab: Lab, monkeypatch: Any) -> tuple[EngineService, Sent, Failing]:
    """An answer that was told to stop, and whose end cannot be written as long as the database fails."""
    lab.answer("Hello", Script([Delta("a"), Silence()]))
    service = lab.start()
    sent = lab.ask()
    lab.spoke(sent)
    away = Failing(monkeypatch, commit_module, "_commit", AWAY)
    stop_run(sent.run, by=lab.alice)
    until(lambda: away.count > 1, "the end cannot be written")
    return service, sent, away
