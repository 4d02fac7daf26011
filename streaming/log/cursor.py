"""Where a reader stands in a stream. Opaque to clients; knows no storage."""

from dataclasses import dataclass

from streaming.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last event a reader has: its stream's epoch, its `seq` (0: none yet) and its `ts` (Unix ms)."""

    epoch: str
    seq: int
    ts: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}:{self.ts}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """The cursor that `str` wrote. Raises `InvalidInputError`."""
        try:
            epoch, seq, ts = text.split(":")
            cursor = cls(epoch, int(seq), int(ts))
        except ValueError as error:
            raise InvalidInputError("The cursor cannot be read. Load the page again.") from error
        if not epoch or cursor.seq < 0:
            raise InvalidInputError("The cursor cannot be read. Load the page again.")
        return cursor


@dataclass(frozen=True, slots=True)
class Position:
    """What a stream holds: events `first_seq` to `last_seq` of `epoch`; `ts` of the last one (0: none)."""

    epoch: str
    first_seq: int
    last_seq: int
    ts: int

    @property
    def head(self) -> Cursor:
        return Cursor(self.epoch, self.last_seq, self.ts)
