"""Try an answer again, go on from where it stopped, take a waiting message back. Knows the tree."""

from django.utils import timezone

from streaming.chats.acting import Action, acting_on
from streaming.chats.answering import add_answer
from streaming.chats.choosing import chosen_model, use_model
from streaming.chats.idempotency import Key
from streaming.chats.paths import leaf_of, set_leaf
from streaming.errors import ConflictError
from streaming.events import Cancelled, MessageRemoved
from streaming.models import Message, Person, Run
from streaming.runs.ending import end_from_outside


def retry_answer(run: Run, *, by: Person, model: str = "", key: str | None = None) -> Run:
    """A sibling of the run's answer, written anew by `model` or by the one that wrote it.

    Raises `ConflictError` while the run is live, `InvalidInputError` for a model that is not there.
    """
    same = Key.of(by, "retry_answer", key, {"run": run.pk, "model": model})
    assert run.message is not None
    with acting_on(run.message.conversation) as action:
        if (before := same.run()) is not None:
            return before
        current = _ended(run)
        assert current.message is not None
        first = _begun_by(current)
        assert first.message is not None
        assert first.message.parent is not None
        again = add_answer(action, parent=first.message.parent, model=_writer(action, current, model, by), key=same)
        assert again.message is not None
        set_leaf(action, person=by, leaf=again.message, tell=True)
        return again


def continue_answer(run: Run, *, by: Person, model: str = "", key: str | None = None) -> Run:
    """A new run that goes on where the run's text stops, by `model` or by the one that wrote it.

    Raises `ConflictError` if there is nothing to go on from, `InvalidInputError` for a model that is not there.
    """
    same = Key.of(by, "continue_answer", key, {"run": run.pk, "model": model})
    assert run.message is not None
    with acting_on(run.message.conversation) as action:
        if (before := same.run()) is not None:
            return before
        current = _ended(run)
        assert current.message is not None
        if not current.message.text:
            raise ConflictError("There is no text to go on from. Use Retry instead.")
        extends = leaf_of(action.conversation, by) == current.message
        writer = _writer(action, current, model, by)
        more = add_answer(action, parent=current.message, model=writer, key=same, continues=current)
        assert more.message is not None
        set_leaf(action, person=by, leaf=more.message, tell=not extends)
        return more


def remove_message(message: Message, *, by: Person) -> None:
    """Take a waiting prompt back, with what waits behind it. Raises `ConflictError` once its answer has begun."""
    with acting_on(message.conversation) as action:
        below = _below(message)
        if not below:  # taken back already, by the other of two clicks
            return
        runs = list(Run.objects.select_for_update().filter(message__in=below).order_by("id"))
        if any(run.state != Run.State.QUEUED for run in runs) or message.role != Message.Role.USER:
            raise ConflictError("This message is being answered already. Stop the answer instead.")
        for run in runs:
            end_from_outside(run, Cancelled(by=by.get_username()))
        Message.objects.filter(pk__in=[each.pk for each in below]).update(removed_at=timezone.now())
        if message.parent is not None:
            for path in action.conversation.paths.filter(leaf__in=below).select_related("person"):
                set_leaf(action, person=path.person, leaf=message.parent, tell=False)
        action.tell(MessageRemoved(id=message.pk))


def _writer(action: Action, run: Run, wanted: str, by: Person) -> str:
    """The model to write with; a wanted one becomes the conversation's own, as when a prompt is sent with it."""
    if not wanted:
        return run.model
    use_model(action, chosen_model(by, wanted))
    return wanted


def _ended(run: Run) -> Run:
    current = Run.objects.select_related("message__parent", "continues").get(pk=run.pk)
    if current.message is None or current.message.removed_at is not None:
        raise ConflictError("This message was taken back. Send it again.")
    if current.state in Run.LIVE:
        raise ConflictError("This answer is still being written. Stop it first.")
    return current


def _begun_by(run: Run) -> Run:
    """The run that a chain of continuations began with."""
    while run.continues is not None and run.continues.message is not None:
        run = run.continues
    return run


def _below(message: Message) -> list[Message]:
    rows = Message.objects.filter(conversation_id=message.conversation_id, removed_at=None).order_by("id")
    children: dict[str | None, list[Message]] = {}
    for row in rows:
        children.setdefault(row.parent_id, []).append(row)
    found = [row for row in children.get(message.parent_id, []) if row.pk == message.pk]
    for row in found:  # along the tree: ids of machines whose clocks differ say nothing about who came first
        found += children.get(row.pk, [])
    return found
