"""What the box one writes in needs: the models to choose from, the limit. Knows no request."""

from itertools import groupby
from typing import Any

from streaming.chats.prompts import MAX_PROMPT_CHARACTERS
from streaming.models import Person
from streaming.runs.catalog import DEMO_CHOICE, available_models, default_model


def composer_context(person: Person, *, model: str = "") -> dict[str, Any]:
    """The composer's part of a page's context; `model` is chosen if it is still there."""
    choices = available_models(person)
    references = {choice.reference for choice in choices}
    groups = [
        {"connection": connection, "choices": list(members)}
        for connection, members in groupby(choices, lambda choice: choice.connection)
    ]
    return {
        "model_groups": groups,
        "chosen_model": model if model in references else default_model(person),
        "only_demo": references == {DEMO_CHOICE.reference},
        "prompt_limit": MAX_PROMPT_CHARACTERS,
    }
