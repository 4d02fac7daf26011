"""Make a provider from its kind, address and key. Knows which kinds there are; asks nobody anything."""

from collections.abc import Callable
from typing import Literal, get_args

from yarl import URL

from streaming.errors import InvalidInputError
from streaming.llm.anthropic.provider import AnthropicProvider
from streaming.llm.demo.provider import DemoProvider
from streaming.llm.ollama.address import ollama_address
from streaming.llm.ollama.provider import OllamaProvider
from streaming.llm.openai.provider import OpenAIProvider
from streaming.llm.provider import Provider
from streaming.llm.timeouts import Timeouts

Kind = Literal["openai", "anthropic", "ollama", "demo"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_PROVIDERS: dict[str, Callable[..., Provider]] = {
    "openai": OpenAIProvider,
    "anthropic": AnthropicProvider,
    "ollama": OllamaProvider,
}


def connect(kind: str, *, base_url: str = "", api_key: str = "", timeouts: Timeouts | None = None) -> Provider:
    """The provider of `kind`; without `base_url` at the usual address. Opens no connection.

    For Ollama `base_url` may be anything that `OLLAMA_HOST` may be.

    Raises `InvalidInputError` for an unknown kind, and for an address or key that cannot be one.
    """
    if kind == "demo":
        return DemoProvider()
    if kind not in _PROVIDERS:
        raise InvalidInputError(f"There is no kind of model API named {kind}. Known are {', '.join(KINDS)}.")
    return _PROVIDERS[kind](
        base_url=_address(kind, base_url), api_key=_key(api_key), timeouts=Timeouts() if timeouts is None else timeouts
    )


def _address(kind: str, base_url: str) -> str:
    base_url = base_url.strip()
    if not base_url:
        return ""
    try:
        base_url = ollama_address(base_url) if kind == "ollama" else base_url
        url = URL(base_url)
        name = (url.raw_host or "").encode("idna")  # as the resolver does, which raises for a label empty or too long
        usable = url.scheme in {"http", "https"} and bool(name) and url.user is None and not url.query_string
    except ValueError:
        usable = False
    if not usable or "#" in base_url:
        raise InvalidInputError(
            "The address of a model API looks like https://host/v1: it begins with http or https, "
            "and has no user name, question mark or fragment."
        )
    return base_url.rstrip("/")


def _key(api_key: str) -> str:
    api_key = api_key.strip()
    if not all("!" <= character <= "~" for character in api_key):
        raise InvalidInputError("This key contains characters that no API key has. Copy it again.")
    return api_key
