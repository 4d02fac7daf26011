"""HTTP answers that are not 200 and connections that fail, as typed errors. Knows no format of a stream."""

import email.utils
import time
from collections.abc import Mapping

import aiohttp
import msgspec

from streaming.llm.decoding import as_mapping, as_text
from streaming.llm.errors import (
    DETAIL_BYTES,
    AuthenticationError,
    ModelError,
    ModelUnavailableError,
    ModelUnreachableError,
    NotAStreamError,
    QuotaUsedUpError,
    RateLimitedError,
    RequestRejectedError,
    UnknownAddressError,
    UnknownModelError,
)
from streaming.llm.failures import error_text

DAY_SECONDS = 86400.0
PAYMENT_REQUIRED = 402
NOT_FOUND = 404
BUSY = 429
QUOTA_WORD = "insufficient_quota"  # OpenAI's code for a 429 that no waiting ends

_SENTENCES: dict[type[ModelError], str] = {
    AuthenticationError: "{host} does not accept the key ({status}). An administrator can check it on the Models page.",
    QuotaUsedUpError: "The account at {host} has no credit left. Top it up, or use another model.",
    UnknownModelError: "{host} does not know the model {model}. Choose another one.",
    UnknownAddressError: "There is no model API at this address of {host} ({status}). Check it; many end in /v1.",
    RequestRejectedError: "{host} refuses this request: {said}",
}

_json = msgspec.json.Decoder()


def status_error(status: int, headers: Mapping[str, str], body: bytes, *, host: str, model: str) -> ModelError:
    """The typed error for an answer of `status`, which is not 200."""
    error = _reported(body)
    said = error_text(error) if error is not None else ""
    detail = f"HTTP {status}: {said or body[:DETAIL_BYTES].decode('utf-8', 'replace')}"
    kind = _kind(status, error, said=said)
    if issubclass(kind, RateLimitedError):
        wait = retry_after(headers)
        what_to_do = "Try again in a moment." if wait is None else f"Try again in {max(1, round(wait))} s."
        state = f"overloaded or out of order ({status})" if status != BUSY else "taking no more requests at the moment"
        return kind(f"{host} is {state}. {what_to_do}", detail=detail, retry_after=wait)
    said = said or "it does not say why."
    sentence = _SENTENCES[kind].format(host=host, status=status, model=model or "asked for", said=said)
    if issubclass(kind, RequestRejectedError):
        return kind(sentence, detail=detail, param=as_text(as_mapping(error).get("param")))
    return kind(sentence, detail=detail)


def connection_error(error: Exception, *, host: str) -> ModelError:
    """The typed error for a connection that did not come about, or broke before an answer."""
    detail = type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return ModelUnreachableError(
            f"{host} has no certificate that this server trusts. Check the address.", detail=detail
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError | UnicodeError):
        return ModelUnreachableError(f"There is no server named {host}. Check the address.", detail=detail)
    if isinstance(error, aiohttp.ClientConnectorError):
        return ModelUnreachableError(
            f"Nothing answers at {host}. Check that the model's server runs, and its address.",
            detail=f"{detail}: {error.os_error.strerror or ''}",
        )
    if isinstance(error, aiohttp.ClientResponseError):
        return NotAStreamError(f"What answers at {host} is no model API. Check the address.", detail=detail)
    return ModelUnreachableError(f"{host} closed the connection without an answer. Try again.", detail=detail)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the API asks to wait: `retry-after-ms` (OpenAI), or `Retry-After` as seconds or date (RFC 9110)."""
    milliseconds, value = headers.get("retry-after-ms", ""), headers.get("Retry-After", "").strip()
    try:
        if milliseconds:
            seconds = float(milliseconds) / 1000
        elif value.replace(".", "", 1).isdigit():
            seconds = float(value)
        elif value:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, seconds), DAY_SECONDS)


def _kind(status: int, error: object | None, *, said: str) -> type[ModelError]:
    if status in {401, 403}:
        return AuthenticationError
    if status == PAYMENT_REQUIRED or QUOTA_WORD in _words(error):
        return QuotaUsedUpError
    if status == BUSY:
        return RateLimitedError
    if status in {408, 409, 425} or status >= 500:  # noqa: PLR2004 - HTTP's number
        return ModelUnavailableError
    if status == NOT_FOUND and said:
        return UnknownModelError
    no_api = error is None or status < 400 or status in {NOT_FOUND, 405}  # noqa: PLR2004 - HTTP's number
    return UnknownAddressError if no_api else RequestRejectedError


def _reported(body: bytes) -> object | None:
    """What the body says as JSON, `None` where it is something else."""
    try:
        value = _json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if isinstance(value, list) and value:  # Gemini's imitation wraps its error in a list
        value = value[0]
    fields = as_mapping(value)
    return fields.get("error") or fields or None


def _words(error: object) -> set[str]:
    fields = as_mapping(error)
    return {as_text(fields.get("code")), as_text(fields.get("type"))}
