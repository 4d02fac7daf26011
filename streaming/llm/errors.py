"""What can go wrong with a model API, each with a code and a sentence that says what to do. Knows no HTTP."""

from typing import ClassVar, Literal

from streaming.errors import StreamingError, StreamInterruptedError
from streaming.events import defined_text

SECRET_CHARACTERS = 8  # keys are longer; a placeholder such as `none` would be found in every other sentence
DETAIL_CHARACTERS = 500  # enough for every API's error sentence, too little for a page of HTML
DETAIL_BYTES = 4096  # far more than is shown, so that no secret is cut in two before it is taken out


class ModelError(StreamingError):
    """A model API did not do what was asked. `partial_text` is the text that had arrived before."""

    code = "model_error"

    def __init__(self, message: str, *, detail: str = "", partial_text: str = "") -> None:
        super().__init__(defined_text(message), detail=shortened(detail))
        self.partial_text = partial_text
        self._whole_detail = detail

    def conceal(self, secret: str) -> None:
        """Take `secret` out of all that is shown. The detail is shortened afterwards: a cut secret is not found."""
        if len(secret) < SECRET_CHARACTERS:
            return
        self.message = self.message.replace(secret, "•••")
        self.args = (self.message,)
        self._whole_detail = self._whole_detail.replace(secret, "•••")
        self.detail = shortened(self._whole_detail)


class MissingKeyError(ModelError):
    """There is no API key, and the API asks for one."""

    code = "missing_key"


class AuthenticationError(ModelError):
    """The API does not accept the key, or the key may not do this (401, 403)."""

    code = "model_authentication"


class UnknownModelError(ModelError):
    """The API does not know the model or the path (404)."""

    code = "unknown_model"


class UnknownAddressError(ModelError):
    """The address leads somewhere, but not to a model API (3xx, 404, 405)."""

    code = "unknown_address"


class QuotaUsedUpError(ModelError):
    """The account has no credit left (402, or OpenAI's insufficient_quota): waiting does not help."""

    code = "model_quota"


class RequestRejectedError(ModelError):
    """The API refuses the request as it is (400, 413, 422). `param` is the field it names, if it does."""

    code = "model_rejected"

    def __init__(self, message: str, *, detail: str = "", partial_text: str = "", param: str = "") -> None:
        super().__init__(message, detail=detail, partial_text=partial_text)
        self.param = param


class RateLimitedError(ModelError):
    """Too many requests, or the quota is used up (429). `retry_after` in seconds, if the API says it."""

    code = "rate_limited"
    retryable = True

    def __init__(
        self, message: str, *, detail: str = "", partial_text: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message, detail=detail, partial_text=partial_text)
        self.retry_after = retry_after


class ModelUnavailableError(RateLimitedError):
    """The API is overloaded or broken (5xx). `retry_after` in seconds, if the API says it."""

    code = "model_unavailable"


class ModelUnreachableError(ModelError):
    """No connection: refused, no such host, cut before an answer began."""

    code = "model_unreachable"
    retryable = True


class NotAStreamError(ModelError):
    """Something answered that is not a model API, such as a proxy's page of HTML."""

    code = "not_a_stream"


class MalformedStreamError(ModelError):
    """The stream's bytes make no sense: broken JSON, a line without end."""

    code = "malformed_stream"


class ModelFailedError(ModelError):
    """The API reported an error in the middle of its answer."""

    code = "model_failed"
    retryable = True


class StreamCutError(ModelError, StreamInterruptedError):
    """The connection ended before the answer did."""

    code = "model_cut"
    retryable = True


Waiting = Literal["connect", "first_token", "between_tokens", "whole"]


class ModelTimeoutError(ModelError, StreamInterruptedError):
    """The model took too long; `waiting` says for what."""

    code = "timeout"
    retryable = True
    _sentences: ClassVar[dict[Waiting, str]] = {
        "connect": "The model's server did not take the connection within {0:g} s. Check its address, or try again.",
        "first_token": "The model did not begin to answer within {0:g} s. Try again, or choose a faster model.",
        "between_tokens": "The model stopped sending for {0:g} s.",
        "whole": "The answer took longer than {0:g} s in all.",
    }

    def __init__(self, waiting: Waiting, seconds: float, *, partial_text: str = "") -> None:
        super().__init__(self._sentences[waiting].format(seconds), partial_text=partial_text)
        self.waiting = waiting
        self.seconds = seconds
        self.code = f"timeout_{waiting}"


def shortened(detail: str) -> str:
    """`detail` on one line, of at most `DETAIL_CHARACTERS`."""
    line = " ".join(defined_text(detail).split())
    return line if len(line) <= DETAIL_CHARACTERS else line[: DETAIL_CHARACTERS - 1] + "…"
