"""What the decoders of answers in server-sent events share. Knows events by name and data, no format of theirs."""

from abc import abstractmethod

from streaming.events import EventData
from streaming.llm.decoding import Decoder
from streaming.llm.sse import SseDecoder


class SseAnswerDecoder(Decoder):
    """Server-sent events in, events out."""

    def __init__(self) -> None:
        super().__init__()
        self._sse = SseDecoder()

    def feed(self, data: bytes) -> list[EventData]:
        self._take(self._sse.feed(data))
        return self._bounded(overlong=self._sse.overlong)

    def close(self) -> list[EventData]:
        self._take(self._sse.close())
        return self._close()

    @abstractmethod
    def _take(self, messages: list[tuple[bytes, bytes]]) -> None:
        """Read each event's name and data, until the answer is over."""
