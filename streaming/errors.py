"""Errors that people may read: what happened, what was kept, what to do."""


class StreamingError(Exception):
    """The base of all errors of ours: a `code` for machines and a sentence for people.

    `retryable` says that the same thing may work when tried again; `detail` is what the other
    side said, shortened and without secrets.
    """

    code = "internal"
    retryable = False

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class StreamInterruptedError(StreamingError):
    """A stream ended before its end. `partial_text` is what had arrived."""

    code = "interrupted"
    retryable = True

    def __init__(self, message: str, *, partial_text: str = "", detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.partial_text = partial_text


class InvalidInputError(StreamingError):
    """What a person or program sent cannot be used; the sentence says why and what would be."""

    code = "invalid_input"


class ConflictError(StreamingError):
    """The state of the thing does not allow this now."""

    code = "conflict"


class QuotaExceededError(StreamingError):
    """A limit was reached; the sentence says which and when it is lifted."""

    code = "quota"
    retryable = True
