"""Say an exception as the event that ends a run. Knows no run."""

from streaming.errors import StreamingError
from streaming.events import Failed

INTERNAL = "Something went wrong on this server, not with the model."


def failure_of(error: BaseException) -> Failed:
    """The `error` event's data: our typed errors in their words; of others, which may hold secrets, the name."""
    if isinstance(error, StreamingError):
        return Failed(error.code, error.message, error.retryable, error.detail)
    return Failed("internal", INTERNAL, retryable=True, detail=type(error).__name__)
