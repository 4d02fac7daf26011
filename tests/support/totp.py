"""Time-based one-time passwords (RFC 6238 over RFC 4226), written from the standard. Knows one page of the product."""

import base64
import hashlib
import hmac
import re
import time

STEP = 30


def code_at(secret: str, *, steps: int = 0) -> str:
    """The six digits for a base32 secret now, or some steps of 30 s later."""
    counter = int(time.time()) // STEP + steps
    digest = hmac.new(base64.b32decode(secret), counter.to_bytes(8, "big"), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def secret_on(page: str) -> str:
    """The base32 secret that the page for setting up an app shows, in groups of four."""
    return "".join(re.findall(r"<span>([A-Z2-7]{4})</span>", page))
