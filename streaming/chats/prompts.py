"""Send a prompt: the question, the place for its answer and the run, in one transaction."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from streaming.chats.acting import Action, acting_on
from streaming.chats.answering import add_answer
from streaming.chats.choosing import chosen_model
from streaming.chats.idempotency import Key
from streaming.chats.paths import end_of_branch, set_leaf
from streaming.errors import InvalidInputError
from streaming.events import ConversationChanged, MessageAdded, defined_text
from streaming.models import Conversation, Message, Person, Run, Stream

MAX_PROMPT_CHARACTERS = 400_000  # some 100,000 tokens; beyond that no model of 2026 answers well
TITLE_CHARACTERS = 80
MAX_WAITING = 20


@dataclass(frozen=True, slots=True)
class Sent:
    """What a prompt became. `created` is false when the same request had been made before."""

    message: Message
    answer: Message
    run: Run
    created: bool


def create_conversation(*, owner: Person, model: str = "") -> Conversation:
    """An empty conversation with its stream."""
    with transaction.atomic():
        stream = Stream.objects.create()
        return Conversation.objects.create(owner=owner, stream=stream, model=model)


def start_chat(*, owner: Person, text: str, model: str = "", key: str | None = None) -> Sent:
    """A new conversation with its first prompt; repeated with the same key it is the same conversation."""
    text = _checked(text)
    same = Key.of(owner, "start_chat", key, {"text": text, "model": model})
    with transaction.atomic():
        if (before := same.run()) is not None:
            return _sent(before, created=False)
        model = chosen_model(owner, model)
        conversation = create_conversation(owner=owner, model=model)
        with acting_on(conversation) as action:
            return _sent(_ask(action, text, model, same), created=True)


def send_prompt(
    conversation: Conversation, *, author: Person, text: str, model: str = "", key: str | None = None
) -> Sent:
    """Ask on the branch that `author` looks at; while an answer is being written there, the prompt waits in line.

    Raises `InvalidInputError`: the text is empty or too long, the model unknown, too many wait, the key was reused.
    """
    text = _checked(text)
    body = {"conversation": conversation.pk, "text": text, "model": model}
    same = Key.of(author, "send_prompt", key, body)
    with acting_on(conversation) as action:
        if (before := same.run()) is not None:
            return _sent(before, created=False)
        model = chosen_model(author, model or action.conversation.model)
        return _sent(_ask(action, text, model, same), created=True)


def _ask(action: Action, text: str, model: str, key: Key) -> Run:
    conversation, author = action.conversation, key.owner
    end = end_of_branch(conversation, author)
    if end.live_run and Run.objects.filter(conversation=conversation, state=Run.State.QUEUED).count() >= MAX_WAITING:
        raise InvalidInputError(f"{MAX_WAITING} messages are waiting already. Wait for an answer, or take some back.")
    question = Message(
        conversation=conversation, parent_id=end.leaf, role=Message.Role.USER, author=author, parts=[["text", text]]
    )
    action.tell(
        MessageAdded(
            id=question.pk,
            role="user",
            parent=end.leaf or "",
            text=text,
            author=str(author.pk),
            queued=end.live_run is not None,
        )
    )
    run = add_answer(action, parent=question, model=model, key=key, after_id=end.live_run)
    assert run.message is not None
    set_leaf(action, person=author, leaf=run.message, tell=False)
    _touch(action, text, model)
    return run


def _touch(action: Action, text: str, model: str) -> None:
    conversation = action.conversation
    changes: dict[str, Any] = {"active_at": timezone.now()}
    told: dict[str, Any] = {}
    if not conversation.title:
        told["title"] = changes["title"] = title_from(text)
    if conversation.model != model:
        told["model"] = changes["model"] = model
    Conversation.objects.filter(pk=conversation.pk).update(**changes)
    if told:
        action.tell(ConversationChanged(**told))


def title_from(text: str) -> str:
    """The first line of a prompt, cut at a word, as a title until somebody gives a better one."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "New chat")
    if len(line) <= TITLE_CHARACTERS:
        return line
    return line[:TITLE_CHARACTERS].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def _checked(text: str) -> str:
    text = defined_text(text.replace("\r\n", "\n")).strip("\n")
    if not text.strip():
        raise InvalidInputError("There is nothing to send yet. Write a message first.")
    if len(text) > MAX_PROMPT_CHARACTERS:
        raise InvalidInputError(
            f"This message has {len(text):,} characters; {MAX_PROMPT_CHARACTERS:,} fit. "
            "Shorten it, or send it in parts. It is still in the box."
        )
    return text


def _sent(run: Run, *, created: bool) -> Sent:
    answer = run.message
    assert answer is not None
    assert answer.parent is not None
    return Sent(answer.parent, answer, run, created)
