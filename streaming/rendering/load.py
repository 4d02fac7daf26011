"""From a stored conversation to what is rendered. Knows the tables through `chats`; makes no HTML."""

from typing import Any

import msgspec

from streaming.chats.thread import read_thread
from streaming.events import Failed, ToolCall, ToolResult, Usage
from streaming.log import Cursor
from streaming.models import Message, Person, Run
from streaming.rendering.snapshot import MessageState, ThreadSnapshot


def load_thread(conversation_id: str, viewer_id: int) -> tuple[ThreadSnapshot, Cursor]:
    """The thread that a person sees now and its cursor, of one moment. Raises `Conversation.DoesNotExist`."""
    thread = read_thread(conversation_id, viewer=Person(pk=viewer_id))
    messages = tuple(_state(message, thread.runs.get(message.pk)) for message in thread.messages)
    return ThreadSnapshot(conversation_id, messages, thread.leaf, thread.events), thread.cursor


def _state(message: Message, run: Run | None) -> MessageState:
    """A live run's message is as it was when it joined the tree: the thread's events tell the rest."""
    begun: dict[str, Any] = {
        "id": message.pk,
        "role": message.role,
        "parent": message.parent_id or "",
        "author": str(message.author_id or ""),
        "sent_at": round(message.created_at.timestamp() * 1000),
        "model": message.facts.get("model", ""),
        "waits": run is not None and run.after_id is not None,
        "run_id": run.pk if run else "",
    }
    if run is None:
        return MessageState(parts=_parts(message), **begun)
    if run.state in Run.LIVE:
        return MessageState(state="queued", **begun)
    return MessageState(parts=_parts(message), state=run.state, attempt=run.attempt, **_outcome(message.facts), **begun)  # type: ignore[arg-type]  # the field's choices are the literals


def _parts(message: Message) -> tuple[tuple[Any, str], ...]:
    return tuple((kind, text) for kind, text in message.parts)


def _outcome(facts: dict[str, Any]) -> dict[str, Any]:
    """What `Answer.facts` of the runs kept, as the renderer's values."""
    error, usage = facts.get("error"), facts.get("usage")
    return {
        "error": msgspec.convert(error, Failed) if error else None,
        "usage": msgspec.convert(usage, Usage) if usage else None,
        "calls": msgspec.convert(facts.get("calls", []), tuple[ToolCall, ...]),
        "results": msgspec.convert(facts.get("results", []), tuple[ToolResult, ...]),
        "reason": facts.get("reason", ""),
        "finish_reason": facts.get("finish_reason", ""),
        "first_token_ms": facts.get("first_token_ms"),
        "duration_ms": facts.get("duration_ms"),
        "chunks": facts.get("chunks"),
    }
