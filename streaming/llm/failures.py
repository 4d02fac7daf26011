"""Errors that a model API reports as JSON, as typed errors. Knows the words of all APIs, and no HTTP."""

from typing import Any

from streaming.events import defined_text
from streaming.llm.decoding import as_mapping, as_text
from streaming.llm.errors import (
    AuthenticationError,
    ModelError,
    ModelFailedError,
    ModelUnavailableError,
    QuotaUsedUpError,
    RateLimitedError,
    RequestRejectedError,
)

# error.type of Anthropic (docs: Errors) and error.type or error.code of OpenAI and its imitators
_KINDS: dict[str, type[ModelError]] = {
    "authentication_error": AuthenticationError,
    "permission_error": AuthenticationError,
    "rate_limit_error": RateLimitedError,
    "rate_limit_exceeded": RateLimitedError,
    "insufficient_quota": QuotaUsedUpError,
    "overloaded_error": ModelUnavailableError,
    "api_error": ModelUnavailableError,
    "server_error": ModelUnavailableError,
    "timeout_error": ModelUnavailableError,
    "invalid_request_error": RequestRejectedError,
}
_SENTENCES: dict[type[ModelError], str] = {
    AuthenticationError: "The model's API does not accept the key. An administrator can check it on the Models page.",
    RateLimitedError: "The model's API takes no more requests at the moment. Wait a little, then try again.",
    QuotaUsedUpError: "The account has no credit left. Top it up, or use another model.",
    ModelUnavailableError: "The model's API is overloaded or out of order. Try again in a moment.",
    RequestRejectedError: "The model's API refused to go on with this request: {0}",
    ModelFailedError: "The model's API reported an error: {0}",
}


def reported_error(error: object) -> ModelError:
    """The typed error for what stands under `error` in a stream or a body."""
    said = error_text(error)
    fields = as_mapping(error)
    kind = _kind(fields)
    sentence = _SENTENCES[kind].format(said or "no reason given.")
    return kind(sentence, detail=said)


def error_text(error: object) -> str:
    """The human part of an API's error, whatever its shape."""
    if isinstance(error, str):
        return defined_text(error)
    fields = as_mapping(error)
    inner = fields.get("error")
    text = as_text(fields.get("message")) or as_text(fields.get("detail")) or (error_text(inner) if inner else "")
    return defined_text(text)


def _kind(fields: dict[str, Any]) -> type[ModelError]:
    for name in ("code", "type"):
        value = fields.get(name)
        if isinstance(value, str) and value in _KINDS:
            return _KINDS[value]
        if isinstance(value, int):
            return _kind_of_status(value)
    return ModelFailedError


def _kind_of_status(status: int) -> type[ModelError]:
    if status in {401, 403}:
        return AuthenticationError
    if status == 429:  # noqa: PLR2004 - HTTP's number
        return RateLimitedError
    return ModelUnavailableError if status >= 500 else ModelFailedError  # noqa: PLR2004 - HTTP's number
