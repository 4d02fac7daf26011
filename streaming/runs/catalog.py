"""The models a person may choose from. Asks no model API: it reads what the last look found."""

from dataclasses import dataclass

from streaming.access import permitted_models
from streaming.errors import InvalidInputError
from streaming.models import Connection, Person
from streaming.runs.connections import DEMO


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """One line of the model picker; `reference` is what a run's `model` holds."""

    reference: str
    name: str
    connection: str
    kind: str


_CATALOG = "SELECT id, catalog FROM streaming_connection WHERE id = %s AND enabled = %s"
DEMO_CHOICE = ModelChoice(f"{DEMO}/{DEMO}", "Demo", "Built in", DEMO)


def available_models(person: Person) -> list[ModelChoice]:
    """The listed models of enabled connections that the groups of `person` allow; the demo, which is free, last."""
    if not person.is_active:
        return []
    permitted = permitted_models(person)
    return [*(choice for choice in listed_models() if permitted.allow(choice.reference)), DEMO_CHOICE]


def is_available(person: Person, reference: str) -> bool:
    """Whether `reference` is among `available_models`. Reads the catalogue of its own connection only."""
    if not person.is_active:
        return False
    if reference == DEMO_CHOICE.reference:
        return True
    connection_id, _, model = reference.partition("/")
    connections = Connection.objects.raw(_CATALOG, [connection_id, True])
    listed = any(entry["id"] == model for connection in connections for entry in connection.catalog)
    return listed and permitted_models(person).allow(reference)


def listed_models() -> list[ModelChoice]:
    """Every listed model of every enabled connection."""
    return [
        ModelChoice(
            f"{connection.pk}/{entry['id']}", entry.get("name") or entry["id"], connection.name, connection.kind
        )
        for connection in Connection.objects.filter(enabled=True).order_by("name", "id")
        for entry in connection.catalog
    ]


def check_permitted(person: Person, reference: str) -> None:
    """Raises `InvalidInputError` for a model that `person` may not use (any more)."""
    if not person.is_active:
        raise InvalidInputError("This account was deactivated while the message waited, so no model was asked.")
    if reference != DEMO_CHOICE.reference and not permitted_models(person).allow(reference):
        raise InvalidInputError("This model is no longer open to you. Choose another one and try again.")


def default_model(person: Person) -> str:
    """What a new chat of `person` uses: the one they chose if it is there, else the first, else the demo."""
    references = [choice.reference for choice in available_models(person)] or [DEMO_CHOICE.reference]
    return person.default_model if person.default_model in references else references[0]


def model_name(reference: str) -> str:
    """A model's id without its connection, as the quiet line shows it."""
    return reference.partition("/")[2] or reference
