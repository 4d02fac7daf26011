"""Find the provider for a model's name among those the environment configures. Asks only an Ollama on its port."""

from collections.abc import Mapping

from streaming.llm.connecting import KINDS, connect
from streaming.llm.demo.provider import MODEL as DEMO_MODEL
from streaming.llm.discovery import Connection, configured_connections, discover_connections
from streaming.llm.errors import MissingKeyError
from streaming.llm.provider import Provider


async def choose_provider(model: str, *, environ: Mapping[str, str] | None = None) -> tuple[Provider, str]:
    """The provider for `model`, and the model's name there.

    `demo` is the demo. `openai/…`, `anthropic/…` and `ollama/…` name their kind, if it is configured;
    `claude…` goes to Anthropic, all else to the first API that the environment configures, in the
    order OpenAI, Anthropic, Ollama. Raises `MissingKeyError` if there is none.
    """
    if model == DEMO_MODEL:
        return connect(DEMO_MODEL), model
    connections = configured_connections(environ) or await discover_connections(environ)
    kind, slash, rest = model.partition("/")
    if slash and kind in KINDS:
        named = next((found for found in connections if found.kind == kind), None)
        if named is None and kind == "ollama":
            named = Connection("ollama")
        if named is not None:
            return named.connect(), rest
    if model.startswith("claude"):
        connections = sorted(connections, key=lambda found: found.kind != "anthropic")
    if not connections:
        raise MissingKeyError(
            f"No model API is configured that could be asked for {model}. Set OPENAI_API_KEY or "
            "ANTHROPIC_API_KEY, or start Ollama; the model demo needs none of them."
        )
    return connections[0].connect(), model
