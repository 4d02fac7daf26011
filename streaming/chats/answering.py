"""Add an answer to the tree and queue the run that writes it. Knows no prompt and no engine."""

from typing import Any

from streaming.chats.acting import Action
from streaming.chats.idempotency import Key
from streaming.events import MessageAdded
from streaming.models import Conversation, Message, Run
from streaming.models.inserting import insert
from streaming.runs import submit_on_commit


def add_answer(action: Action, *, parent: Message, model: str, key: Key, **links: Any) -> Run:
    """An assistant's message below `parent`, which is stored if it is new, and its queued run.

    `links`: `after_id`, `continues`.
    """
    conversation = action.conversation
    message = Message(
        conversation=conversation, parent=parent, role=Message.Role.ASSISTANT, facts={"model": model.partition("/")[2]}
    )
    insert(*([parent] if parent._state.adding else []), message)  # noqa: SLF001 - Django's way
    run = Run(
        owner=key.owner,
        stream_id=conversation.stream_id,
        conversation=conversation,
        message=message,
        model=model,
        **links,
        **key.fields,
    )
    insert(run)
    action.tell(
        MessageAdded(
            id=message.pk,
            role="assistant",
            parent=parent.pk,
            run_id=run.pk,
            model=model.partition("/")[2],
            queued=links.get("after_id") is not None,
        )
    )
    submit_on_commit(run.pk)
    return run


def newest_message(conversation: Conversation, *, using: str = "default") -> Message | None:
    """The message that was added last and not taken back."""
    return Message.objects.using(using).filter(conversation=conversation, removed_at=None).order_by("id").last()
