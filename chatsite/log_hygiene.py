"""What must not stand in a log line, taken out of it. Knows the shapes of private things; knows no line format."""

import re
from collections.abc import MutableMapping
from typing import Any

Fields = MutableMapping[str, Any]

# PostgreSQL quotes whole rows there, as in "DETAIL:  Failing row contains (…)", line feeds and all: nothing says where
# a row ends, so the rest goes with it.
QUOTED_ROWS = re.compile(r"(?:\\n|\n)?(?:DETAIL|CONTEXT):.*", re.DOTALL)
LINKS_WITH_TOKENS = re.compile(r"(/accounts/(?:[^\s/]+/)+?)[^\s/]{16,}")
PASSWORDS_IN_ADDRESSES = re.compile(r"(\b[a-z+]+://[^\s/@:]*):[^\s/@]+@")


def only_plain_facts(_logger: object, _method: str, event: Fields) -> Fields:
    """A structlog processor: leaves out facts that are objects, such as a whole request with its form."""
    for key in [key for key, value in event.items() if not isinstance(value, str | int | float | bool | None)]:
        if not key.startswith("_") and key != "exc_info":
            del event[key]
    return event


def without_private_parts(_logger: object, _method: str, event: Fields) -> Fields:
    """A structlog processor: what databases quote, tokens in links and passwords in addresses are left out."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _clean(value)
    return event


def _clean(text: str) -> str:
    text = QUOTED_ROWS.sub("", text)
    text = LINKS_WITH_TOKENS.sub(r"\1…", text)
    return PASSWORDS_IN_ADDRESSES.sub(r"\1:…@", text)
