"""Which branch of a conversation a person looks at. Knows the tree; knows no page."""

from typing import NamedTuple

from django.db import connection

from streaming.chats.acting import Action, acting_on
from streaming.chats.answering import newest_message
from streaming.errors import InvalidInputError
from streaming.events import PathChosen
from streaming.models import ChosenPath, Conversation, Message, Person, Run

_CHOSEN_END = """
SELECT leaf.id, run.id
FROM streaming_chosenpath AS path
JOIN streaming_message AS leaf ON leaf.id = path.leaf_id
LEFT JOIN streaming_run AS run ON run.message_id = leaf.id AND run.state IN (%s, %s, %s)
WHERE path.conversation_id = %s AND path.person_id = %s AND leaf.removed_at IS NULL
"""
_CHOOSE = """
INSERT INTO streaming_chosenpath (conversation_id, person_id, leaf_id) VALUES (%s, %s, %s)
ON CONFLICT (conversation_id, person_id) DO UPDATE SET leaf_id = excluded.leaf_id
"""


def leaf_of(conversation: Conversation, person: Person, *, using: str = "default") -> Message | None:
    """The end of the branch that `person` looks at: the chosen one, or the newest message."""
    chosen = (
        ChosenPath.objects.using(using)
        .filter(conversation=conversation, person=person, leaf__removed_at=None)
        .select_related("leaf")
        .first()
    )
    return chosen.leaf if chosen else newest_message(conversation, using=using)


class BranchEnd(NamedTuple):
    """The ids of a branch's last message and of the run that still writes it or waits to."""

    leaf: str | None
    live_run: str | None


def end_of_branch(conversation: Conversation, person: Person) -> BranchEnd:
    """Where a prompt of `person` goes on: the end that `leaf_of` names, in one query where the branch was chosen."""
    with connection.cursor() as cursor:
        cursor.execute(_CHOSEN_END, [*Run.LIVE, conversation.pk, person.pk])
        found = cursor.fetchone()
    if found is not None:
        return BranchEnd(*found)
    leaf = newest_message(conversation)
    if leaf is None:
        return BranchEnd(None, None)
    return BranchEnd(leaf.pk, Run.objects.filter(message=leaf, state__in=Run.LIVE).values_list("id", flat=True).first())


def set_leaf(action: Action, *, person: Person, leaf: Message, tell: bool) -> None:
    """Remember the branch; `tell` viewers when it is not simply the present one grown longer."""
    with connection.cursor() as cursor:
        cursor.execute(_CHOOSE, [action.conversation.pk, person.pk, leaf.pk])
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
