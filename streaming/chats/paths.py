"""Which branch of a conversation a person looks at. Knows the tree; knows no page."""

from streaming.chats.acting import Action, acting_on
from streaming.chats.answering import newest_message
from streaming.errors import InvalidInputError
from streaming.events import PathChosen
from streaming.models import ChosenPath, Conversation, Message, Person


def leaf_of(conversation: Conversation, person: Person, *, using: str = "default") -> Message | None:
    """The end of the branch that `person` looks at: the chosen one, or the newest message."""
    chosen = (
        ChosenPath.objects.using(using)
        .filter(conversation=conversation, person=person, leaf__removed_at=None)
        .select_related("leaf")
        .first()
    )
    return chosen.leaf if chosen else newest_message(conversation, using=using)


def set_leaf(action: Action, *, person: Person, leaf: Message, tell: bool) -> None:
    """Remember the branch; `tell` viewers when it is not simply the present one grown longer."""
    chosen = {"conversation": action.conversation, "person": person}
    if not ChosenPath.objects.filter(**chosen).update(leaf=leaf):  # nobody else adds one: the conversation is locked
        ChosenPath.objects.create(**chosen, leaf=leaf)
    if tell:
        action.tell(PathChosen(person=str(person.pk), leaf=leaf.pk))


def choose_path(conversation: Conversation, *, person: Person, leaf: str) -> Message:
    """Look at the branch through the message `leaf`, down to its newest end. Raises `InvalidInputError`."""
    with acting_on(conversation) as action:
        messages = list(Message.objects.filter(conversation=conversation, removed_at=None).order_by("id"))
        end = next((message for message in messages if message.pk == leaf), None)
        if end is None:
            raise InvalidInputError("That version is not there any more.")
        newest_below = {message.parent_id: message for message in messages}
        while (child := newest_below.get(end.pk)) is not None:
            end = child
        set_leaf(action, person=person, leaf=end, tell=True)
        return end
