"""Put this version's static files beside those of other versions. Knows a folder; knows no server."""

import fcntl
import os
from pathlib import Path

from django.core.management import call_command

LOCK = ".collecting"


def collect_static_files(folder: Path) -> bool:
    """Add what this version serves to `folder`; nothing of another version is taken away.

    False where this process may not write there: whoever may has done it then. Processes take turns. Afterwards this
    process links to its own version, whatever others add later.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        call_command("collectstatic", interactive=False, verbosity=0)
    finally:
        os.close(lock)
    return True
