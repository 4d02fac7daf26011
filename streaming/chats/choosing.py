"""Which model writes an answer. Knows the models a person may use; knows no message."""

from streaming.chats.acting import Action
from streaming.errors import InvalidInputError
from streaming.events import ConversationChanged
from streaming.models import Conversation, Person
from streaming.runs.catalog import default_model, is_available


def chosen_model(person: Person, reference: str) -> str:
    """`reference` if the person may use it, their default for "". Raises `InvalidInputError`."""
    if not reference:
        return default_model(person)
    if not is_available(person, reference):
        raise InvalidInputError("This model is not available. Choose another one from the list and send again.")
    return reference


def use_model(action: Action, model: str) -> None:
    """Make `model` the conversation's own: what the next answer is asked of."""
    if action.conversation.model == model:
        return
    Conversation.objects.filter(pk=action.conversation.pk).update(model=model)
    action.tell(ConversationChanged(model=model))
