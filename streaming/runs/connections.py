"""The model APIs that runs may ask: from the environment, from administrators, and the demo. Knows no prompt."""

import logging
from dataclasses import dataclass
from typing import Any

import msgspec
from django.conf import settings
from django.utils import timezone

from streaming.errors import InvalidInputError, StreamingError
from streaming.llm import ModelInfo, Provider, Timeouts, connect
from streaming.models import Connection, Run
from streaming.models.database import in_database

logger = logging.getLogger(__name__)

DEMO = "demo"
_ENABLED = "SELECT * FROM streaming_connection WHERE id = %s AND enabled = %s"
REFERENCE_CHARACTERS = Run._meta.get_field("model").max_length or 0  # noqa: SLF001 - Django's way; `<connection>/<model>`


@dataclass(frozen=True, slots=True)
class Address:
    """Where a connection leads; hashable, so that one provider serves all runs that use it."""

    kind: str
    base_url: str
    api_key: str

    def __repr__(self) -> str:
        return f"Address({self.kind} {self.base_url})"


_providers: dict[Address, Provider] = {}


def provider_at(address: Address) -> Provider:
    """The provider for `address`, one per process."""
    if address not in _providers:
        _providers[address] = connect(
            address.kind, base_url=address.base_url, api_key=address.api_key, timeouts=_timeouts()
        )
    return _providers[address]


def provider_for(reference: str) -> tuple[Provider, str, bool]:
    """Provider, model id and whether it can stream, for `<connection>/<model>`. Raises `InvalidInputError`."""
    connection_id, _, model = reference.partition("/")
    if connection_id == DEMO:
        return provider_at(Address(DEMO, "", "")), model, True
    found = Connection.objects.raw(_ENABLED, [connection_id, True])
    if not found or not model:
        raise InvalidInputError("This model is not connected any more. Choose another one and try again.")
    connection = found[0]
    streams = next((entry.get("streams", True) for entry in connection.catalog if entry["id"] == model), True)
    return provider_at(address_of(connection)), model, streams


def address_of(connection: Connection) -> Address:
    """Kind, address and key of a connection; a key from the environment is read there."""
    key = _environment_keys().get(connection.kind, "") if connection.from_environment else connection.api_key
    return Address(connection.kind, connection.base_url, key)


def sync_environment() -> None:
    """Make the connections that the environment names, and only those, exist as rows."""
    wanted = _environment_connections()
    Connection.objects.filter(from_environment=True).exclude(pk__in=wanted).delete()
    for pk, values in wanted.items():
        Connection.objects.update_or_create(pk=pk, defaults={**values, "from_environment": True})


async def refresh_catalogs() -> None:
    """Ask every enabled connection for its models and keep the answer, or the sentence that says why not."""
    connections = await in_database(lambda: list(Connection.objects.filter(enabled=True)))
    for connection in connections:
        try:
            await refresh_catalog(connection)
        except Exception:
            logger.exception("The models of the connection %s could not be listed.", connection.pk)


async def refresh_catalog(connection: Connection) -> None:
    """Ask one connection for its models. A failure keeps the former list."""
    try:
        found = await provider_at(address_of(connection)).models()
        catalog = [msgspec.to_builtins(model) for model in found if _fits(connection, model)]
        values: dict[str, Any] = {"catalog": catalog, "problem": ""}
    except StreamingError as error:
        values = {"problem": error.message[:400]}
    values["checked_at"] = timezone.now()
    await in_database(Connection.objects.filter(pk=connection.pk).update, **values)


def _fits(connection: Connection, model: ModelInfo) -> bool:
    """Whether a run can hold its reference, and every database its words."""
    return len(f"{connection.pk}/{model.id}") <= REFERENCE_CHARACTERS and "\x00" not in model.id + model.name


def _environment_connections() -> dict[str, dict[str, Any]]:
    environment = settings.ENVIRONMENT
    found: dict[str, dict[str, Any]] = {}
    if environment.openai_api_key or environment.openai_base_url:
        url = environment.openai_base_url
        found["openai"] = {"kind": "openai", "name": "OpenAI-compatible" if url else "OpenAI", "base_url": url}
    if environment.anthropic_api_key:
        found["anthropic"] = {"kind": "anthropic", "name": "Anthropic", "base_url": environment.anthropic_base_url}
    if environment.ollama_host:
        found["ollama"] = {"kind": "ollama", "name": "Ollama", "base_url": environment.ollama_host}
    return found


def _environment_keys() -> dict[str, str]:
    environment = settings.ENVIRONMENT
    keys = {"openai": environment.openai_api_key, "anthropic": environment.anthropic_api_key}
    return {kind: key.get_secret_value() for kind, key in keys.items() if key}


def _timeouts() -> Timeouts:
    environment = settings.ENVIRONMENT
    return Timeouts(
        connect=environment.model_connect_seconds,
        first_token=environment.model_first_token_seconds,
        between_tokens=environment.model_between_tokens_seconds,
        whole=environment.model_whole_seconds,
    )
