"""Tell what a server really sent: a stream, one JSON document, or a page of HTML. Knows no HTTP."""

from streaming.events import EventData
from streaming.llm.decoding import Decoder
from streaming.llm.errors import DETAIL_BYTES, MalformedStreamError, NotAStreamError

MAX_DOCUMENT_BYTES = 32 * 1024 * 1024
_BLANK = b" \t\r\n\xef\xbb\xbf"  # and the byte order mark


class SniffingDecoder:
    """Looks at the first byte that is not blank, and not at the content type, which imitators get wrong.

    `{` begins one document (unless the format is `json_lines`), `<` a page; all else is the stream.
    """

    def __init__(self, decoder: Decoder, *, json_lines: bool = False) -> None:
        self.decoder = decoder
        self._json_lines = json_lines
        self._decided = False
        self._document: list[bytes] | None = None
        self._size = 0
        self._blank = b""

    def feed(self, data: bytes) -> list[EventData]:
        """The events that `data` completes."""
        if not self._decided:
            data, self._blank = self._blank + data, b""
            start = data.lstrip(_BLANK)
            if not start:
                self._blank = data[-64:]  # servers ping with blanks, but not without end
                return []
            self._decide(start)
        if self._document is None:
            return self.decoder.feed(data)
        self._size += len(data)
        if self._size <= MAX_DOCUMENT_BYTES:
            self._document.append(data)
        else:
            self.decoder.fail(MalformedStreamError("The model's server sent an answer without end. Check its address."))
        return []

    def close(self) -> list[EventData]:
        """The events that the end of the bytes completes."""
        if self._document is not None and self.decoder.failure is None:
            return self.decoder.whole(b"".join(self._document).strip(_BLANK))
        return self.decoder.close()

    def _decide(self, start: bytes) -> None:
        self._decided = True
        if start[:1] == b"<":
            self.decoder.fail(
                NotAStreamError(
                    "A web page answered instead of a model. Check the address of the model's server.",
                    detail=start[:DETAIL_BYTES].decode("utf-8", "replace"),
                )
            )
        elif start[:1] == b"{" and not self._json_lines:
            self._document = []
