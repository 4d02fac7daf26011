"""How much a viewer may have unacknowledged. Knows sizes and times; knows no socket."""

from collections import deque

MAX_FRAMES = 64  # two seconds of frames: a page that is merely busy never runs out
MAX_BYTES = 256 * 1024  # what a stopped reader costs us at most, beside one frame
ACKNOWLEDGE_SECONDS = 15.0  # a page that swaps one frame in no 15 s is gone or stuck


class CreditError(ValueError):
    """An acknowledgement of something that was never sent."""


class Credit:
    """The frames that are on their way, oldest first. All times are seconds of one monotonic clock."""

    def __init__(self, *, frames: int = MAX_FRAMES, size: int = MAX_BYTES) -> None:
        self._max_frames = frames
        self._max_size = size
        self._under_way: deque[tuple[int, int]] = deque()
        self._size = 0
        self._sent_seq = 0
        self._waiting_since = 0.0

    @property
    def is_open(self) -> bool:
        """Whether one more frame may leave. A frame of any size may leave when nothing is under way."""
        return not self._under_way or (len(self._under_way) < self._max_frames and self._size < self._max_size)

    def spend(self, seq: int, size: int, now: float) -> None:
        """A frame up to `seq` of `size` bytes left."""
        if not self._under_way:
            self._waiting_since = now
        elif seq < self._under_way[-1][0]:  # a snapshot of another epoch stands for all before it
            self._under_way = deque((min(earlier, seq), each) for earlier, each in self._under_way)
        self._under_way.append((seq, size))
        self._size += size
        self._sent_seq = max(self._sent_seq, seq)  # a snapshot of another epoch starts lower

    def acknowledge(self, seq: int, now: float) -> None:
        """The frames up to `seq` arrived. Raises `CreditError` when no such frame was sent."""
        if seq > self._sent_seq:
            raise CreditError(f"{seq} was acknowledged, {self._sent_seq} was the last that was sent")
        while self._under_way and self._under_way[0][0] <= seq:
            self._size -= self._under_way.popleft()[1]
            self._waiting_since = now

    @property
    def overdue_at(self) -> float | None:
        """When what waits for its acknowledgement has waited for too long; None while nothing waits."""
        return self._waiting_since + ACKNOWLEDGE_SECONDS if self._under_way else None
