"""What an engine does more rarely when many answers are under way. Knows numbers; knows no run."""

import selectors
import time
from collections.abc import Callable

FEW, MANY = 20, 60  # answers: where an engine begins to do things more rarely, and where it is at its rarest
# 80 answers wake the engine 4,000 times a second, and each time its thread takes the interpreter's lock from the others
# and gives it back. Measured, resting for 8 ms in between takes 10 % off the cost of a token.
REST_SECONDS = 0.008


def crowding(answers: float) -> float:
    """0 up to `FEW` answers, 1 from `MANY` on."""
    return min(max((answers - FEW) / (MANY - FEW), 0.0), 1.0)


class RestingSelector(selectors.DefaultSelector):
    """Waits for events as its base does, but rests first when `answers()` are many, so that more come at a time."""

    def __init__(self, answers: Callable[[], int]) -> None:
        super().__init__()
        self._answers = answers

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready, after `timeout` seconds at the latest; a loop that has work to do (0) does not rest."""
        rest = REST_SECONDS * crowding(self._answers())
        if timeout is not None:
            rest = min(rest, timeout)
            timeout -= rest
        if rest > 0:
            time.sleep(rest)
        return super().select(timeout)
