"""Why a stream ends, as the private close codes of docs/delivery.md. Knows no socket."""

from enum import IntEnum


class CloseCode(IntEnum):
    """What a page makes of each stands in docs/delivery.md."""

    PROTOCOL = 4400
    SIGNED_OUT = 4401
    ACCESS_LOST = 4403
    GONE = 4404
    UNACKNOWLEDGED = 4408
    GAP = 4409
    DEACTIVATED = 4410
    REPLACED = 4412
    FAILED = 4500  # 1011 says it in the protocol, but Daphne sends no code of the protocol's own


class StreamClosedError(Exception):
    """This stream ends now, for the reason that `code` names."""

    def __init__(self, code: CloseCode) -> None:
        super().__init__(code.name)
        self.code = code
