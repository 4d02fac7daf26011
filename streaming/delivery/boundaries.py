"""Hold events back until a word, a sentence or a line is whole. Only delays: order and events stay as they are."""

import re

from streaming.events import StreamingChunk, StreamingEvent
from streaming.models import Pace

HOLD_SECONDS = 2.0  # text never waits longer for its boundary

_SENTENCE_END = re.compile(r"([.!?…。！？]['\"”’»)\]]*\s|[。！？…]|\n)\s*\Z")  # the text that was given ends a sentence
_STOP = re.compile(r"[.!?…]['\"”’»)\]]*\Z")  # ends one if white space follows


class Holdback:
    """The events that wait for a boundary. `pace` may change; all times are seconds of one monotonic clock."""

    def __init__(self, pace: str) -> None:
        self.pace = pace
        self._held: list[StreamingEvent] = []
        self._since = 0.0

    def add(self, events: tuple[StreamingEvent, ...], now: float) -> None:
        """Take in the events that follow those added before."""
        if events and not self._held:
            self._since = now
        self._held += events

    def take(self, now: float) -> list[StreamingEvent]:
        """The events that may be shown now: the longest prefix that ends at a boundary, or all when time is up."""
        end = len(self._held) if self._is_over(now) else self._last_boundary()
        taken, self._held = self._held[:end], self._held[end:]
        if taken:
            self._since = now
        return taken

    def due(self) -> float | None:
        """When what is held will be shown without a boundary; None when nothing is held."""
        return self._since + HOLD_SECONDS if self._held else None

    def _is_over(self, now: float) -> bool:
        return self.pace == Pace.AS_IT_COMES or (bool(self._held) and now >= self._since + HOLD_SECONDS)

    def _last_boundary(self) -> int:
        for end in range(len(self._held), 0, -1):
            following = self._held[end] if end < len(self._held) else None
            if _is_boundary(self._held[end - 1], following, self.pace):
                return end
        return 0


def _is_boundary(event: StreamingEvent, following: StreamingEvent | None, pace: str) -> bool:
    """Whether a reader at this pace may be shown everything up to `event`."""
    if not isinstance(event.data, StreamingChunk) or event.data.meta is not None:
        return True
    start = ""
    if following is not None:
        if not _goes_on(event, following):
            return True
        assert isinstance(following.data, StreamingChunk)
        start = following.data.delta[:1]
    return _ends(event.data.delta, start, pace)


def _goes_on(event: StreamingEvent, following: StreamingEvent) -> bool:
    """Whether `following` is more of the same text."""
    return (
        isinstance(event.data, StreamingChunk)
        and isinstance(following.data, StreamingChunk)
        and following.data.meta is None
        and (event.run_id, event.attempt, event.data.part) == (following.run_id, following.attempt, following.data.part)
    )


def _ends(text: str, start: str, pace: str) -> bool:
    """Whether `text`, followed by `start` ("" is unknown), ends a word, a sentence or a line."""
    if pace == Pace.WORD:
        return text[-1:].isspace() or start.isspace()
    if pace == Pace.LINE:
        return text.endswith("\n") or start == "\n"
    return bool(_SENTENCE_END.search(text)) or start == "\n" or (start.isspace() and bool(_STOP.search(text)))
