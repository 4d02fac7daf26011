"""Cut a stream of bytes into lines, however it arrives. Knows no format."""

MAX_LINE_BYTES = 4 * 1024 * 1024  # the longest recorded line (a web search's results) has 0.1 MB


class LineSplitter:
    """Bytes in, complete lines out; CR, LF and CRLF end a line, as in SSE.

    A line longer than `limit` sets `overlong`: the lines before it still come out, none after it.
    """

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self.overlong = False
        self._limit = limit
        self._held: list[bytes] = []
        self._held_size = 0
        self._after_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes."""
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if not data or self.overlong:
            return []
        if b"\n" not in data and b"\r" not in data:
            self._hold(data)
            return []
        lines = data.splitlines()
        lines[0] = b"".join((*self._held, lines[0])) if self._held else lines[0]
        self._held, self._held_size = [], 0
        self._after_cr = data.endswith(b"\r")
        if not data.endswith((b"\n", b"\r")):
            self._hold(lines.pop())
        return self._bounded(lines)

    def close(self) -> bytes:
        """What stood after the last line end."""
        rest = b"".join(self._held)
        self._held, self._held_size = [], 0
        return rest

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._held_size += len(data)
        if self._held_size > self._limit:
            self.overlong = True
            self._held, self._held_size = [], 0

    def _bounded(self, lines: list[bytes]) -> list[bytes]:
        if len(lines) == 1 and len(lines[0]) <= self._limit:
            return lines
        for number, line in enumerate(lines):
            if len(line) > self._limit:
                self.overlong = True
                return lines[:number]
        return lines
