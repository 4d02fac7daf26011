"""What people do with conversations: the write side. Each action is one transaction that appends its events."""

from streaming.chats.organising import delete_conversation, rename_conversation
from streaming.chats.paths import choose_path, leaf_of
from streaming.chats.prompts import Sent, create_conversation, send_prompt, start_chat
from streaming.chats.revising import continue_answer, remove_message, retry_answer

__all__ = [
    "Sent",
    "choose_path",
    "continue_answer",
    "create_conversation",
    "delete_conversation",
    "leaf_of",
    "remove_message",
    "rename_conversation",
    "retry_answer",
    "send_prompt",
    "start_chat",
]
