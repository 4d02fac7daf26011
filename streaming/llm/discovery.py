"""Find the model APIs that the environment configures. Knows the usual variables; keeps nothing."""

import dataclasses
import os
from collections.abc import Mapping

from streaming.llm.connecting import Kind, connect
from streaming.llm.errors import ModelError
from streaming.llm.exchange import Endpoint, fetch_json
from streaming.llm.ollama.provider import BASE_URL as OLLAMA_URL
from streaming.llm.provider import Provider
from streaming.llm.timeouts import Timeouts

PROBE_SECONDS = 0.5  # a program on this machine answers in a few ms


@dataclasses.dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a model API: what `connect` takes. `source` names the variables it comes from."""

    kind: Kind
    base_url: str = ""
    api_key: str = dataclasses.field(default="", repr=False)
    source: str = ""

    def connect(self, *, timeouts: Timeouts | None = None) -> Provider:
        """The provider."""
        return connect(self.kind, base_url=self.base_url, api_key=self.api_key, timeouts=timeouts)


def configured_connections(environ: Mapping[str, str] | None = None) -> list[Connection]:
    """What the variables say, without asking anybody."""
    given = os.environ if environ is None else environ
    found: list[Connection] = []
    kinds: tuple[tuple[Kind, str], ...] = (("openai", "OPENAI"), ("anthropic", "ANTHROPIC"))
    for kind, prefix in kinds:
        names = [name for name in (f"{prefix}_BASE_URL", f"{prefix}_API_KEY") if given.get(name, "").strip()]
        if names:
            base_url, api_key = given.get(f"{prefix}_BASE_URL", ""), given.get(f"{prefix}_API_KEY", "")
            found.append(Connection(kind, base_url.strip(), api_key.strip(), ", ".join(names)))
    host = given.get("OLLAMA_HOST", "").strip()
    if host:
        found.append(Connection("ollama", host, source="OLLAMA_HOST"))
    return found


async def discover_connections(
    environ: Mapping[str, str] | None = None, *, ollama_url: str = OLLAMA_URL
) -> list[Connection]:
    """What the variables say, and an Ollama that answers at its usual port where they name none."""
    found = configured_connections(environ)
    if not any(connection.kind == "ollama" for connection in found) and await _answers(ollama_url):
        found.append(Connection("ollama", ollama_url, source="found on this machine"))
    return found


async def _answers(url: str) -> bool:
    try:
        await fetch_json(Endpoint(url, {}, "", Timeouts()), "/api/tags", seconds=PROBE_SECONDS)
    except ModelError:
        return False
    return True
