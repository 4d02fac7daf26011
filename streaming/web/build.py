"""Which build of the page this process serves: a page of another one reloads itself. Knows files, no version."""

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings

# What a page that stays open goes on using: its scripts, and the looks of what frames bring.
PARTS = ("static/js", "static/css", "static/vendor", "streaming/rendering")
KINDS = {".js", ".css", ".svg", ".py"}


@cache
def build() -> str:
    """The same in every process that runs the same files."""
    digest = hashlib.sha256()
    root: Path = settings.BASE_DIR
    for part in PARTS:
        for path in sorted((root / part).rglob("*")):
            if path.suffix in KINDS:
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
