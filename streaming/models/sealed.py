"""Text that is encrypted in the database. Knows keys derived from SECRET_KEY; knows no use of the secret."""

import base64
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from streaming.errors import StreamingError


class UnsealError(StreamingError):
    """A sealed value cannot be opened with the keys at hand."""

    code = "unseal"


def _fernet() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(key)) for key in keys])


@cache
def _derived(secret: str) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"chatsite sealed text")
    return base64.urlsafe_b64encode(hkdf.derive(secret.encode()))


def seal(text: str) -> str:
    """`text` encrypted with the newest key; "" stays ""."""
    return _fernet().encrypt(text.encode()).decode() if text else ""


def unseal(token: str) -> str:
    """What `seal` was given. Raises `UnsealError` when SECRET_KEY and its fallbacks do not fit."""
    if not token:
        return ""
    try:
        return _fernet().decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise UnsealError(
            "A stored key cannot be read with the present SECRET_KEY. "
            "Put the former one into SECRET_KEY_FALLBACKS, or enter the key again."
        ) from error


class SealedTextField(models.TextField):  # type: ignore[type-arg]
    """A text field whose column holds only ciphertext; a value that cannot be opened reads as ""."""

    def get_prep_value(self, value: Any) -> Any:
        return seal(super().get_prep_value(value) or "")

    def from_db_value(self, value: str | None, _expression: object, _connection: BaseDatabaseWrapper) -> str:
        try:
            return unseal(value or "")
        except UnsealError:
            return ""
