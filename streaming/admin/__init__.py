"""The administration pages: accounts, connections, and a look at what runs. Shows no message and no key."""

from streaming.admin.activity import ConversationAdmin, EngineAdmin, RunAdmin
from streaming.admin.connections import ConnectionAdmin
from streaming.admin.people import PersonAdmin

__all__ = ["ConnectionAdmin", "ConversationAdmin", "EngineAdmin", "PersonAdmin", "RunAdmin"]
