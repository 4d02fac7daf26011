"""The messages a run works on: the branch of the tree above its answer. Knows no model API."""

from streaming.llm.request import ChatMessage, Role
from streaming.models import Message, Run

_MESSAGES = "SELECT id, parent_id, role, parts, removed_at FROM streaming_message WHERE conversation_id = %s"


def branch_to(message_id: str, *, conversation_id: str) -> list[Message]:
    """The messages from the root to this one, one query however long the branch."""
    by_id = {row.pk: row for row in Message.objects.raw(_MESSAGES, [conversation_id])}
    branch: list[Message] = []
    at = by_id.get(message_id)
    while at is not None:
        branch.append(at)
        at = by_id.get(at.parent_id or "")
    return branch[::-1]


def history_of(run: Run) -> tuple[tuple[ChatMessage, ...], str]:
    """The history before the run's answer, the user's message last, and the text the run goes on from."""
    assert run.message_id is not None
    assert run.conversation_id is not None
    branch = branch_to(run.message_id, conversation_id=run.conversation_id)
    above = [message for message in branch[:-1] if message.removed_at is None]
    continued: list[str] = []
    while run.continues_id and above and above[-1].role == Message.Role.ASSISTANT:
        continued.append(above.pop().text)
    return tuple(_joined(above)), "".join(reversed(continued))


def _joined(messages: list[Message]) -> list[ChatMessage]:
    """Neighbours of one role become one message: a continued answer is one answer to a model."""
    joined: list[ChatMessage] = []
    for message in messages:
        text = message.text
        if not text:
            continue
        role: Role = "user" if message.role == Message.Role.USER else "assistant"
        if joined and joined[-1].role == role:
            separator = "\n\n" if role == "user" else ""
            joined[-1] = ChatMessage(role, joined[-1].text + separator + text)
        else:
            joined.append(ChatMessage(role, text))
    return joined
