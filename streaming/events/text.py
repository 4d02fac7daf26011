"""Make text that every database, socket and browser can hold. Knows no event."""

import re

REPLACEMENT = "\ufffd"
_HIGH_HALF = re.compile("[\ud800-\udbff]")
_UNDEFINED = re.compile("[\x00\ud800-\udfff]")


def defined_text(text: str) -> str:
    """`text` with NUL and lone surrogates, which PostgreSQL or UTF-8 refuse, as U+FFFD."""
    if text.isascii():
        return text.replace("\x00", REPLACEMENT) if "\x00" in text else text
    return _UNDEFINED.sub(REPLACEMENT, text)


class SurrogateJoiner:
    """Join surrogate halves that a model API split between two deltas of one part."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, delta: str) -> str:
        """What is complete so far; a trailing high half waits for the next delta."""
        if not self._half and delta.isascii():
            return defined_text(delta)
        text = self._half + delta
        self._half = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            self._half, text = text[-1], text[:-1]
        return defined_text(_paired(text))

    def close(self) -> str:
        """What the end leaves over: U+FFFD for a half that never found its other."""
        half, self._half = self._half, ""
        return REPLACEMENT if half else ""


def _paired(text: str) -> str:
    if _HIGH_HALF.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
