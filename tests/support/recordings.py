"""Real model answers, byte for byte, from the folder that CHATSITE_TRANSCRIPTS names. Knows no decoder."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "CHATSITE_TRANSCRIPTS"


@dataclass(frozen=True)
class Recording:
    name: str
    body: bytes


def recordings(kind: str) -> list[Any]:
    """Parameters for `pytest.mark.parametrize`: each recording of `kind`, such as openai-chat.

    Without the folder there is one parameter that skips, or fails where CI=true.
    """
    folder = os.environ.get(VARIABLE, "")
    files = sorted((Path(folder) / kind).glob("*.sse")) if folder else []
    if files:
        return [pytest.param(Recording(file.stem, file.read_bytes()), id=file.stem) for file in files]
    reason = f"{VARIABLE} names no folder with recordings of {kind}"
    if os.environ.get("CI") == "true":
        return [pytest.param(None, id=f"missing: {reason}")]
    return [pytest.param(None, id="missing", marks=pytest.mark.skip(reason=reason))]


def required(recording: Recording | None) -> Recording:
    """The recording; fails the test in CI where there is none."""
    if recording is None:
        pytest.fail(f"CI has to set {VARIABLE} to the folder of recordings")
    return recording
