"""A secret made once and kept in a file only its owner reads. Knows files; knows not what the secret is for."""

import os
import secrets
from pathlib import Path

LEAST_CHARACTERS = 32


class DamagedSecretError(Exception):
    """The file holds no secret; the message names it and says what to do."""


def read_or_create_secret(path: Path) -> str:
    """The secret in `path`, made first if the file is not there. Safe when several processes do it at once.

    Raises `DamagedSecretError` for a file that holds none.
    """
    if not path.exists():
        _create(path)
    secret = path.read_text("utf-8", "replace")
    if not secret.isascii() or len(secret.strip()) < LEAST_CHARACTERS:
        raise DamagedSecretError(
            f"{path} holds no secret of {LEAST_CHARACTERS} characters. Bring it back from a backup, or remove it: "
            "a new one is made, everybody signs in again, and the keys of models are entered again."
        )
    return secret


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(8)}")
    # Written whole under another name and then linked: a reader sees all of it or nothing, and the first one wins.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
