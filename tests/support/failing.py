"""Make a part of the product fail for a while."""

from typing import Any

from django.db import OperationalError

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
