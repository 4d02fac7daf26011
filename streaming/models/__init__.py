"""What is persisted. Tables and their invariants; no behaviour beyond them."""

from streaming.models.connection import Connection
from streaming.models.conversation import ChosenPath, Conversation, Message
from streaming.models.group_models import GroupModels
from streaming.models.invitation import Invitation
from streaming.models.person import Pace, Person, Theme
from streaming.models.run import Engine, Run
from streaming.models.stream import Event, Stream

__all__ = [
    "ChosenPath",
    "Connection",
    "Conversation",
    "Engine",
    "Event",
    "GroupModels",
    "Invitation",
    "Message",
    "Pace",
    "Person",
    "Run",
    "Stream",
    "Theme",
]
