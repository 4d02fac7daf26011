"""A conversation as it stands: what `ConversationView` starts from. Knows no database."""

from typing import Literal

import msgspec

from streaming.events import Failed, Part, StreamingEvent, ToolCall, ToolResult, Usage

MessageStatus = Literal["queued", "running", "complete", "cancelled", "error", "interrupted"]


class MessageState(msgspec.Struct, frozen=True):
    """One message of the tree with what its run has come to.

    A message whose run has not ended carries no parts: its events do (`ThreadSnapshot.events`).
    `waits` says of an answer that a run before it has to end first; times are milliseconds.
    """

    id: str
    role: Literal["user", "assistant"]
    parent: str = ""
    parts: tuple[tuple[Part, str], ...] = ()
    run_id: str = ""
    model: str = ""
    state: MessageStatus = "complete"
    waits: bool = False
    author: str = ""
    sent_at: int = 0
    attempt: int = 0
    error: Failed | None = None
    reason: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None
    chunks: int | None = None
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()


class ThreadSnapshot(msgspec.Struct, frozen=True):
    """All messages of a conversation, oldest first, the end of the viewer's path, and the events of live runs.

    `leaf` is "" for the newest message.
    """

    conversation_id: str
    messages: tuple[MessageState, ...] = ()
    leaf: str = ""
    events: tuple[StreamingEvent, ...] = ()
