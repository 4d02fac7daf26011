"""What `/readyz` of a web process says. Knows its words only."""

import json
import urllib.error
import urllib.request


def readiness(url: str) -> tuple[str, dict[str, str]]:
    """The word for the whole, and the status of each check. Raises `OSError` where nobody answers."""
    try:
        answer = urllib.request.urlopen(f"{url}/readyz", timeout=30)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    with answer:
        said = json.load(answer)
    return said["status"], {name: check["status"] for name, check in said.get("checks", {}).items()}
