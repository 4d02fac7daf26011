"""Decode server-sent events from bytes in any pieces (WHATWG HTML, section 9.2). Knows no model."""

from streaming.llm.lines import MAX_LINE_BYTES, LineSplitter

BOM = b"\xef\xbb\xbf"


class SseDecoder:
    """Bytes in, `(event, data)` out. Comments, `id` and `retry` are left out.

    Unlike a browser it hands over an event whose closing blank line is missing, in `close`:
    servers that end without one are common, and a cut shows in the data.
    """

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._lines = LineSplitter(limit)
        self._limit = limit
        self._first = True
        self._event = b""
        self._data: list[bytes] = []
        self._size = 0
        self._flooded = False

    @property
    def overlong(self) -> bool:
        """True once a line or an event was longer than the limit; nothing is decoded after it."""
        return self._flooded or self._lines.overlong

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """The events that `data` completes."""
        found: list[tuple[bytes, bytes]] = []
        for line in self._lines.feed(data):
            if self._first:
                self._first = False
                line = line.removeprefix(BOM)  # noqa: PLW2901 - once a stream, in the hot loop
            if not line:
                if self._data:
                    found.append(self._dispatched())
                self._event = b""
            elif line.startswith(b"data:"):
                self._add(line[6:] if line[5:6] == b" " else line[5:])
            elif line.startswith(b"event:"):
                self._event = line[6:].strip()
            if self._flooded:
                break
        return found

    def close(self) -> list[tuple[bytes, bytes]]:
        """The event that the end of the bytes completes, if there is one."""
        rest = self._lines.close()
        found = self.feed(rest + b"\n") if rest else []
        if self._data and not self.overlong:
            found.append(self._dispatched())
        return found

    def _add(self, value: bytes) -> None:
        self._data.append(value)
        self._size += len(value)
        if self._size > self._limit:
            self._flooded = True
            self._data = []

    def _dispatched(self) -> tuple[bytes, bytes]:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        self._data = []
        self._size = 0
        return self._event, data
