"""The demo's `demo:N tokens at R/s` prompts: exactly that, for tests and measurements. Knows no provider."""

import re
from collections.abc import Iterator

import msgspec

from streaming.errors import InvalidInputError

MAX_TOKENS = 1_000_000
MAX_RATE = 100_000.0
MAX_SECONDS = 3600.0
PARAGRAPH = 50  # tokens; a paragraph of a hundred thousand words is not what answers look like

_PATTERN = re.compile(
    r"\s*demo:\s*(?P<tokens>\d{1,12})\s+tokens?\s+at\s+(?P<rate>\d{1,12}(?:\.\d{1,12})?)\s*/\s*s"
    r"(?:\s+after\s+(?P<after>\d{1,12}(?:\.\d{1,12})?)\s*s)?"
    r"(?:\s+fail\s+after\s+(?P<fail>\d{1,12}))?\s*",
    re.IGNORECASE,
)


class CountingOrder(msgspec.Struct, frozen=True):
    """`tokens` numbered tokens, `rate` a second, the first after `after` seconds, an error after `fail` tokens."""

    tokens: int
    rate: float
    after: float = 0.0
    fail: int | None = None


def counting_order(prompt: str) -> CountingOrder | None:
    """The order that `prompt` is, as in `demo:300 tokens at 100/s after 2s fail after 150`. Raises for wild numbers."""
    match = _PATTERN.fullmatch(prompt)
    if match is None:
        return None
    order = CountingOrder(
        int(match["tokens"]),
        float(match["rate"]),
        float(match["after"] or 0),
        None if match["fail"] is None else int(match["fail"]),
    )
    if not (order.tokens <= MAX_TOKENS and 0 < order.rate <= MAX_RATE):
        raise InvalidInputError(f"The demo counts up to {MAX_TOKENS} tokens, at up to {MAX_RATE:g} a second.")
    if order.after + order.tokens / order.rate > MAX_SECONDS:
        raise InvalidInputError(f"The demo counts for up to {MAX_SECONDS / 60:g} minutes.")
    return order


def counted(order: CountingOrder) -> Iterator[str]:
    """The tokens: `1 `, `2 `, … with a new paragraph now and then."""
    for number in range(1, order.tokens + 1):
        yield f"{number}\n\n" if number % PARAGRAPH == 0 else f"{number} "
