"""The texts of recorded answers, delta by delta, read from the bytes without any decoder of ours."""

import json
from collections.abc import Iterator
from typing import Any


def recorded_texts(body: bytes) -> list[list[str]]:
    """For each text or thinking part of a chat completion or message stream: its deltas."""
    parts: dict[tuple[Any, str], list[str]] = {}
    for line in body.decode(errors="replace").splitlines():
        if not line.startswith("data:"):
            continue
        try:
            item = json.loads(line[5:])
        except ValueError:
            continue
        for key, delta in _deltas(item):
            parts.setdefault(key, []).append(delta)
    return list(parts.values())


def _deltas(item: Any) -> Iterator[tuple[tuple[Any, str], str]]:
    if not isinstance(item, dict):
        return
    for choice in item.get("choices") or []:
        for name in ("content", "reasoning", "reasoning_content"):
            value = (choice.get("delta") or {}).get(name)
            if isinstance(value, str):
                yield (0, name), value
    delta = item.get("delta")
    for name in ("text", "thinking"):
        value = delta.get(name) if isinstance(delta, dict) else None
        if isinstance(value, str):
            yield (item.get("index"), name), value
