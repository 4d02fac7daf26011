"""The models a person may choose from. Asks no model API: it reads what the last look found."""

from dataclasses import dataclass

from streaming.models import Connection, Person
from streaming.runs.connections import DEMO


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """One line of the model picker; `reference` is what a run's `model` holds."""

    reference: str
    name: str
    connection: str
    kind: str


DEMO_CHOICE = ModelChoice(f"{DEMO}/{DEMO}", "Demo", "Built in", DEMO)


def available_models(person: Person) -> list[ModelChoice]:
    """Every listed model of every enabled connection, the demo last. `person` is for rules by group."""
    if not person.is_active:
        return []
    choices = [
        ModelChoice(
            f"{connection.pk}/{entry['id']}", entry.get("name") or entry["id"], connection.name, connection.kind
        )
        for connection in Connection.objects.filter(enabled=True).order_by("name", "id")
        for entry in connection.catalog
    ]
    return [*choices, DEMO_CHOICE]


def default_model(person: Person) -> str:
    """What a new chat of `person` uses: the one they chose if it is there, else the first, else the demo."""
    references = [choice.reference for choice in available_models(person)] or [DEMO_CHOICE.reference]
    return person.default_model if person.default_model in references else references[0]


def model_name(reference: str) -> str:
    """A model's id without its connection, as the quiet line shows it."""
    return reference.partition("/")[2] or reference
