"""What this process is for, from how it was started. Knows command lines; knows no process."""

import sys
from collections.abc import Sequence
from pathlib import PurePath


def process_role(argv: Sequence[str] | None = None) -> str:
    """`web`, `server` (pages and engine), `beat`, the queues a worker consumes, or the name of a command."""
    program, *words = sys.argv if argv is None else argv
    if "celery" in PurePath(program).parts[-2:]:
        return "beat" if "beat" in words else f"worker {_queues(words)}".strip()
    if "serve" in words:
        return "web" if "--web" in words else "server"
    return words[0] if words and PurePath(program).name == "manage.py" else PurePath(program).stem


def _queues(words: Sequence[str]) -> str:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in {"-Q", "--queues"}:
            return following
        if word.startswith(("-Q", "--queues=")):
            return word.removeprefix("--queues=").removeprefix("-Q")
    return ""
