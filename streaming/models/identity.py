"""Identifiers: 32 hex digits, time-ordered, so that indexes grow at their end. Knows no table."""

import secrets
import threading
import time

MOST_IN_A_MILLISECOND = 0xFFFF

_lock = threading.Lock()
_latest = [0, 0]  # millisecond, count within it


def new_id() -> str:
    """48 bits of Unix milliseconds, 16 that count within one, 64 random bits, as lower-case hex.

    Ids made by one process sort in the order they were made.
    """
    with _lock:
        now = time.time_ns() // 1_000_000
        if now > _latest[0]:
            _latest[:] = [now, 0]
        else:
            _latest[1] += 1
            if _latest[1] > MOST_IN_A_MILLISECOND:
                _latest[:] = [_latest[0] + 1, 0]
        millisecond, count = _latest
    return f"{millisecond:012x}{count:04x}{secrets.token_hex(8)}"


def new_epoch() -> str:
    """The name of one unbroken life of a stream's numbering."""
    return secrets.token_hex(4)
